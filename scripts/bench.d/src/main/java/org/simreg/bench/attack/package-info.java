/**
 * Attacks on the ports of a running process, each a program of its own that prints a line a trial: the attack, what was done,
 * what was answered. {@code scripts/endure} runs them.
 */
package org.simreg.bench.attack;
