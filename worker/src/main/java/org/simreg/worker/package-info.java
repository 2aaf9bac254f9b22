/** One worker: data, networks, weights, the distillation step and evaluation, a package each. */
package org.simreg.worker;
