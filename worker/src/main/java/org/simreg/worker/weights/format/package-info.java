/** The containers that weights come in. */
package org.simreg.worker.weights.format;
