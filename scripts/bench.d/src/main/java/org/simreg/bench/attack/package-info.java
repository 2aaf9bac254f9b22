/**
 * Attacks by files and requests that a client may send, each a program of its own that prints a line a trial: the attack, what
 * was done, what was answered. {@code scripts/endure} runs them.
 */
package org.simreg.bench.attack;
