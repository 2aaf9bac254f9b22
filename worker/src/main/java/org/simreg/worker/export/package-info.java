/** A trained network in the formats that others open. */
package org.simreg.worker.export;
