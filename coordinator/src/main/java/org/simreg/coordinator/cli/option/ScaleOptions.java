package org.simreg.coordinator.cli.option;

import java.time.Duration;
import org.simreg.coordinator.job.scale.ScaleService.Bounds;
import org.simreg.coordinator.job.scale.ScaleSettings;
import org.simreg.proto.UserError;
import picocli.CommandLine.Option;

/** Options for the bounds of the number of workers that a coordinator asks for. */
public final class ScaleOptions {
    @Option(
            names = "--min-workers",
            paramLabel = "N",
            defaultValue = "0",
            description =
                    "Workers wanted even if there is no job, 0 to 4096 (default: 0; 'simreg scale'"
                            + " changes it while the coordinator runs)")
    private int min;

    @Option(
            names = "--max-workers",
            paramLabel = "N",
            defaultValue = "4096",
            description =
                    "Workers wanted at most, 0 to 4096 (default: 4096; 'simreg scale' changes it"
                            + " while the coordinator runs)")
    private int max;

    @Option(
            names = "--scale-down-after",
            paramLabel = "N",
            defaultValue = "60",
            description =
                    "How long workers are wanted on after they were last needed, 0 to 86400 seconds"
                            + " (default: 60)")
    private long downDelay;

    /**
     * @throws UserError if an option is wrong
     */
    public ScaleSettings settings() {
        try {
            return new ScaleSettings(new Bounds(min, max), Duration.ofSeconds(downDelay));
        } catch (UserError e) {
            throw new UserError(
                    "--min-workers, --max-workers, --scale-down-after: " + e.getMessage(), e);
        }
    }
}
