/**
 * The command {@code simreg}: options made from the job's descriptor, help, errors in one sentence.
 * It decides what is asked for; others do it.
 */
package org.simreg.coordinator.cli;
