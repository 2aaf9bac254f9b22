/**
 * A run on disk. Read {@code log} (what is written line by line), {@code folder} (the folder of one
 * run), {@code audit} (whether its ledger lost or doubled a step).
 */
package org.simreg.coordinator.run;
