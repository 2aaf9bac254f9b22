package org.simreg.coordinator.cli;

import java.util.function.ToIntFunction;

/**
 * What the subcommands set off. Each returns the exit code, 0 for success, and throws {@link
 * org.simreg.proto.UserError} for a failure that the user can put right.
 *
 * @param distill trains a student
 * @param export writes a checkpoint in other formats
 * @param eval evaluates frozen weights
 * @param coordinator runs a coordinator until the wish to stop
 * @param worker runs a worker until the wish to stop
 * @param stop the wish to stop, for commands that last
 */
public record Actions(
        ToIntFunction<DistillRequest> distill,
        ToIntFunction<ExportRequest> export,
        ToIntFunction<EvalRequest> eval,
        ToIntFunction<CoordinatorRequest> coordinator,
        ToIntFunction<WorkerRequest> worker,
        Stop stop) {}
