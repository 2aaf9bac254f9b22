package org.simreg.coordinator.scale;

import java.time.Duration;
import org.simreg.coordinator.api.ScaleDesk.Bounds;
import org.simreg.proto.UserError;

/**
 * The settings of scaling.
 *
 * @param bounds until others are set
 * @param downDelay how long a higher number holds after it was last wanted; 0 to a day
 */
public record ScaleSettings(Bounds bounds, Duration downDelay) {
    /** Without any option. */
    public static final ScaleSettings USUAL = new ScaleSettings(Bounds.ANY, Duration.ofMinutes(1));

    /**
     * @throws UserError if the duration is out of bounds
     */
    public ScaleSettings {
        if (downDelay.isNegative() || downDelay.compareTo(Duration.ofDays(1)) > 0) {
            String rule = "choose 0 to 86400 seconds";
            throw new UserError(
                    "Workers can't be kept for " + downDelay.toSeconds() + " s: " + rule);
        }
    }
}
