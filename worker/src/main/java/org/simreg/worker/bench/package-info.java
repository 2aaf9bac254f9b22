/** Measurements run by hand: they print figures, and nothing else depends on them. */
package org.simreg.worker.bench;
