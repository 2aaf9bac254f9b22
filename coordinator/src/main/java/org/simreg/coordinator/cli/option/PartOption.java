package org.simreg.coordinator.cli.option;

import java.util.Optional;
import org.simreg.worker.weights.part.PartRequest;
import picocli.CommandLine.Option;

/** The option that chooses one of the networks in a file of weights. */
public final class PartOption {
    @Option(
            names = "--part",
            paramLabel = "PART",
            description = "Which of a checkpoint's networks, where it holds several: average, base, teacher, raw,"
                    + " student, momentum, or the beginning of its names; simreg inspect shows them (default:"
                    + " the first of that list, with a note)")
    private String part;

    /** What was asked for. */
    public PartRequest request() {
        return PartRequest.of(Optional.ofNullable(part), "--part");
    }
}
