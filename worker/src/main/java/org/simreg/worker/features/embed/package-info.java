/** Features of a folder by frozen weights of any file. */
package org.simreg.worker.features.embed;
