/**
 * Attacks on the ports of a running process by whoever reaches them, each a program of its own that prints a line a trial. {@code
 * scripts/endure} runs them.
 */
package org.simreg.bench.attack.port;
