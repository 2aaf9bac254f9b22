package org.simreg.worker.weights.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.simreg.proto.Head;
import org.simreg.proto.Network;
import org.simreg.worker.network.Heads;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Op;
import org.simreg.worker.network.Weight;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.weights.tensor.StateDict;

class FoldedNetworkTest {
    @ParameterizedTest
    @EnumSource(
            value = Network.class,
            names = {"RESNET18", "RESNET50_BYOL", "MOBILENET_V2"})
    void noNormIsLeftInABackboneAndEveryLayerReadsTheSameLayers(Network name) {
        NetworkGraph whole = Networks.backbone(name);
        FoldedNetwork folded = FoldedNetwork.of(whole, WeightFixtures.weights(whole));
        NetworkGraph small = folded.network();

        assertTrue(small.nodes().stream().noneMatch(node -> node.op() instanceof Op.BatchNorm));
        for (NetworkGraph.Node node : small.nodes()) {
            NetworkGraph.Node before = find(whole, node.name());
            assertEquals(origin(whole, before.input()), source(small, node.input()), node.name());
            assertEquals(origin(whole, before.second()), source(small, node.second()), node.name());
            boolean biased = node.op() instanceof Op.Convolution convolution && convolution.bias();
            assertEquals(node.op() instanceof Op.Convolution, biased, node.name());
        }
        assertEquals(
                small.weights().stream().map(Weight::name).toList(),
                List.copyOf(folded.weights().names()));
        assertEquals(whole.outputs(), small.outputs());
    }

    @Test
    void aConvolutionTakesScaleAndShiftOfItsNorm() {
        StateDict weights = WeightFixtures.weights(WeightFixtures.SMALL);
        FoldedNetwork folded = FoldedNetwork.of(WeightFixtures.SMALL, weights);

        float[] before = weights.get("conv1.weight").floats();
        double factor = first(weights, "bn1.weight") / Math.sqrt(first(weights, "bn1.running_var") + 1e-5);
        assertEquals(
                (float) (before[5] * factor),
                folded.weights().get("conv1.weight").floats()[5]);
        float bias = (float) (first(weights, "bn1.bias") - first(weights, "bn1.running_mean") * factor);
        assertEquals(bias, folded.weights().get("conv1.bias").floats()[0]);
        assertArrayEquals(before, weights.get("conv1.weight").floats(), "the state dict changed");
    }

    @Test
    void normsOfHeadsStay() {
        NetworkGraph head = Heads.regression(Head.Form.PAPER, 2, 4, 3);
        FoldedNetwork folded = FoldedNetwork.of(head, WeightFixtures.weights(head));
        assertEquals(head.nodes(), folded.network().nodes());
        assertEquals(head.weights().size(), folded.weights().size());
    }

    @Test
    void aConvolutionThatSomebodyElseReadsKeepsItsNormApart() {
        NetworkGraph fork = new NetworkGraph(
                "fork",
                List.of(
                        new NetworkGraph.Node("conv", new Op.Convolution(3, 3, 1, 1, 0, 1), 0, -1),
                        new NetworkGraph.Node("bn", new Op.BatchNorm(3), 1, -1),
                        new NetworkGraph.Node("add", new Op.Add(), 2, 1)),
                3,
                3);
        FoldedNetwork folded = FoldedNetwork.of(fork, WeightFixtures.weights(fork));
        assertEquals(fork.nodes().subList(1, 3), folded.network().nodes().subList(1, 3));
        assertArrayEquals(new float[3], folded.weights().get("conv.bias").floats());
    }

    private static float first(StateDict weights, String name) {
        return weights.get(name).floats()[0];
    }

    private static NetworkGraph.Node find(NetworkGraph network, String name) {
        return network.nodes().stream()
                .filter(n -> n.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    /** Name of the layer that gives a value, looking through norms to the convolution before. */
    private static String origin(NetworkGraph network, int value) {
        if (value <= 0) {
            return "input " + value;
        }
        NetworkGraph.Node node = network.nodes().get(value - 1);
        return node.op() instanceof Op.BatchNorm ? origin(network, node.input()) : node.name();
    }

    private static String source(NetworkGraph network, int value) {
        return value <= 0 ? "input " + value : network.nodes().get(value - 1).name();
    }
}
