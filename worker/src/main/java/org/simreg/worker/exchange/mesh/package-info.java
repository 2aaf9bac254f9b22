/** Frames between the members of a generation, with credits. */
package org.simreg.worker.exchange.mesh;
