package org.simreg.coordinator.cli;

import org.simreg.proto.Job;

/**
 * One distillation on this machine.
 *
 * @param job completed: every default filled in, within all bounds
 * @param device {@code auto}, {@code cpu} or {@code cuda:N}
 * @param threads of libtorch on the CPU, at least 1
 * @param decodeThreads that decode and augment images, at least 1
 * @param resume continue from the run folder's newest checkpoint
 * @param overwrite replace what the run folder holds
 * @param quiet no progress, only warnings and the result
 */
public record DistillRequest(
        Job job,
        String device,
        int threads,
        int decodeThreads,
        boolean resume,
        boolean overwrite,
        boolean quiet) {}
