package org.simreg.worker.inspect;

import java.util.List;
import java.util.Optional;
import org.simreg.worker.network.Network;

/**
 * Numbered layers in a file that map a feature to another: a head of SimReg's, or something like
 * it.
 *
 * @param prefix before the numbers, {@code predict_q.module.}
 * @param form "released, 4 layers"; empty if it is none of SimReg's heads
 * @param network the layers, where the form is known
 * @param layers what each key holds, "0 Linear 512 -> 1024"
 * @param in width of the feature that it takes
 * @param out width of what it gives
 */
public record FoundHead(
        String prefix,
        String form,
        Optional<Network> network,
        List<String> layers,
        int in,
        int out) {
    public FoundHead {
        layers = List.copyOf(layers);
    }

    /** Whether its name says that SimReg's training made it, or the authors'. */
    public boolean namedAsHead() {
        return prefix.matches("(.*\\.)?(predict_q|predictor|projector|head\\d*)\\.(module\\.)?");
    }

    /** "0 Linear 512 -> 1024, 1 BatchNorm 1024, ..". */
    public String shapes() {
        return String.join(", ", layers);
    }
}
