/** What a network is: layers, names, shapes. */
package org.simreg.worker.network;
