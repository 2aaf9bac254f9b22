/**
 * A generation (a fixed set of workers that train a job together, until one comes or goes) as one of its members runs
 * it: takes the state, gives it to who lacks it, runs the training loop, halts. Read {@link
 * org.simreg.worker.member.generation.JobRunner} first, then {@code GenerationRun} and {@code StateTransfer}.
 */
package org.simreg.worker.member.generation;
