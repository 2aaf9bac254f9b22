package org.simreg.worker.weights.checkpoint;

import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Op;
import org.simreg.worker.weights.tensor.HostTensor;
import org.simreg.worker.weights.tensor.StateDict;

/** Files written by {@code scripts/fixtures/checkpoints.py}, and weights made by rule. */
public final class WeightFixtures {
    /** The network in the training checkpoints: conv1, bn1, block.0, block.1. */
    public static final NetworkGraph SMALL = new NetworkGraph(
            "small",
            List.of(
                    new NetworkGraph.Node("conv1", new Op.Convolution(3, 4, 3, 1, 0, 1), 0, -1),
                    new NetworkGraph.Node("bn1", new Op.BatchNorm(4), 1, -1),
                    new NetworkGraph.Node("block.0", new Op.Convolution(4, 5, 1, 1, 0, 1), 2, -1),
                    new NetworkGraph.Node("block.1", new Op.BatchNorm(5), 3, -1)),
            3,
            5);

    private WeightFixtures() {}

    public static Path file(String name) {
        try {
            return Path.of(
                    WeightFixtures.class.getResource("/checkpoints/" + name).toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    public static StateDict weights(NetworkGraph network) {
        Map<String, HostTensor> weights = new LinkedHashMap<>();
        network.weights().forEach(w -> weights.put(w.name(), HostTensor.of(TestWeights.values(w), w.shape())));
        return StateDict.of(weights);
    }
}
