package org.simreg.worker.checkpoint;

import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.simreg.worker.TestWeights;
import org.simreg.worker.network.Network;
import org.simreg.worker.network.Node;
import org.simreg.worker.network.Op;

/** Files written by {@code scripts/fixtures/checkpoints.py}, and weights made by rule. */
final class Fixtures {
    /** The network in the training checkpoints: conv1, bn1, block.0, block.1. */
    static final Network SMALL =
            new Network(
                    "small",
                    List.of(
                            new Node("conv1", new Op.Convolution(3, 4, 3, 1, 0, 1), 0, -1),
                            new Node("bn1", new Op.BatchNorm(4), 1, -1),
                            new Node("block.0", new Op.Convolution(4, 5, 1, 1, 0, 1), 2, -1),
                            new Node("block.1", new Op.BatchNorm(5), 3, -1)),
                    3,
                    5);

    private Fixtures() {}

    static Path file(String name) {
        try {
            return Path.of(Fixtures.class.getResource("/checkpoints/" + name).toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    static StateDict weights(Network network) {
        Map<String, HostTensor> weights = new LinkedHashMap<>();
        network.weights()
                .forEach(
                        w ->
                                weights.put(
                                        w.name(), HostTensor.of(TestWeights.values(w), w.shape())));
        return StateDict.of(weights);
    }
}
