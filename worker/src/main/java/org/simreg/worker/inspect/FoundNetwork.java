package org.simreg.worker.inspect;

import java.util.Arrays;
import java.util.List;
import org.simreg.worker.network.Network;
import org.simreg.worker.network.Networks;

/**
 * A network that a file holds completely.
 *
 * @param name its kind; {@code RESNET50} also for BYOL's, whose names and shapes are the same
 * @param prefix before its names in the file, {@code module.encoder_q.}
 * @param role what it was for, by the prefix
 * @param classes width of its last linear layer, 0 if the file has none
 */
public record FoundNetwork(org.simreg.proto.Network name, String prefix, Role role, int classes) {
    private static final List<String> TEACHERS = List.of("encoder_t", "teacher");
    private static final List<String> AVERAGES =
            List.of("encoder_k", "average", "ema", "model_ema", "target", "target_encoder");

    /** What a network in a training checkpoint was for. */
    public enum Role {
        /** The one that was trained, or the only one. */
        STUDENT,
        /** A frozen one beside it. */
        TEACHER,
        /** A moving average of the trained one. */
        AVERAGE;

        static Role of(String prefix) {
            List<String> parts = Arrays.asList(prefix.split("\\."));
            if (parts.stream().anyMatch(TEACHERS::contains)) {
                return TEACHER;
            }
            return parts.stream().anyMatch(AVERAGES::contains) ? AVERAGE : STUDENT;
        }
    }

    /** Its layers up to the pooled feature. */
    public Network network() {
        return Networks.backbone(name);
    }
}
