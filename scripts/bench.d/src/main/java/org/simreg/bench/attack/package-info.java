/**
 * Attacks on the ports of a process, one class a kind. Each takes HOST:PORT and prints one line: the
 * attack, what was sent, what was answered.
 */
package org.simreg.bench.attack;
