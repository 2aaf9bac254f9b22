/**
 * A generation as one of its members runs it: takes the state, gives it to who lacks it, runs the
 * training loop, halts. Read {@link org.simreg.worker.member.generation.JobRunner} first, then
 * {@code GenerationRun} and {@code StateTransfer}.
 */
package org.simreg.worker.member.generation;
