/** The sum of gradients between processes by itself: the bench, its worker process, the cluster that they make. */
package org.simreg.bench.reduce;
