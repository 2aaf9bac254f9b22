package org.simreg.worker.data.pack;

import java.util.Optional;
import org.simreg.proto.UserError;

/**
 * Settings of the packing of a data set.
 *
 * @param shardBytes a shard is closed before it would have more; one picture may
 * @param shorterSide pictures that are larger are made smaller to it, in pixels; none: as they are
 * @param quality of JPEG that pictures are encoded in, 1 to 100; none, as the shorter side: files stay as they are
 * @param shuffle seed of the order; none: by class and name
 */
public record PackSettings(
        long shardBytes, Optional<Integer> shorterSide, Optional<Integer> quality, Optional<Long> shuffle) {
    private static final int USUAL_QUALITY = 90;

    public PackSettings {
        require(shardBytes >= 10_240, "--shard-size", shardBytes, "at least 10240 bytes");
        shorterSide.ifPresent(side -> require(side >= 8 && side <= 8192, "--shorter-side", side, "8 to 8192 px"));
        quality.ifPresent(value -> require(value >= 1 && value <= 100, "--quality", value, "1 to 100"));
    }

    private static void require(boolean good, String option, long value, String bounds) {
        if (!good) {
            throw new UserError("%s: %d is out of bounds; choose %s".formatted(option, value, bounds));
        }
    }

    /** Whether pictures are decoded and encoded again. */
    boolean encodes() {
        return shorterSide.isPresent() || quality.isPresent();
    }

    int jpegQuality() {
        return quality.orElse(USUAL_QUALITY);
    }

    /** What decides the shards' bytes besides the pictures. */
    String text() {
        return "shard bytes %d, shorter side %s, quality %s, shuffle %s"
                .formatted(
                        shardBytes,
                        shorterSide.map(String::valueOf).orElse("as it is"),
                        encodes() ? String.valueOf(jpegQuality()) : "as it is",
                        shuffle.map(String::valueOf).orElse("none"));
    }
}
