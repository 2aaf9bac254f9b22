/**
 * The files of runs on a disk. Read {@code log} (the files written line by line), {@code folder} (the folder of
 * one run), {@code audit} (whether its ledger lost or doubled a step).
 */
package org.simreg.coordinator.run;
