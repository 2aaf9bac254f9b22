/** The check that a device computes right bits: networks, steps, resumption and search, against the CPU and against itself. */
package org.simreg.bench.gpu;
