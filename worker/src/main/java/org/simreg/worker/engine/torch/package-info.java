/** Libtorch on one device: loading an archive, calling a method, flat vectors. */
package org.simreg.worker.engine.torch;
