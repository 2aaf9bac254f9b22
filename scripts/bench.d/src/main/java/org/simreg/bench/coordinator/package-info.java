/** The benchmark of a coordinator that many workers attend: its CPU, answers, ticks and memory. */
package org.simreg.bench.coordinator;
