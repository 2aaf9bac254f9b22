package org.simreg.worker.engine.torchscript;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.simreg.proto.Head;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.network.Heads;
import org.simreg.worker.network.NetworkBuilder;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Op;

/** Tests of what drop path draws. */
class DropPathTest {
    private static final int WIDTH = 8;

    private static Torch torch;

    @BeforeAll
    static void start() {
        torch = new Torch("cpu", 1);
    }

    @AfterAll
    static void stop() {
        torch.close();
    }

    /** A branch of a linear layer on the pooled image, whose bias's gradient counts the images that keep it. */
    private static NetworkGraph network(double rate) {
        NetworkBuilder layers = new NetworkBuilder();
        int x = layers.add("stem", new Op.Convolution(3, WIDTH, 4, 4, 0, 1).biased(), NetworkBuilder.INPUT);
        x = layers.add("pool", new Op.GlobalAveragePool(), x);
        int y = layers.add("branch", new Op.Linear(WIDTH, WIDTH), x);
        y = layers.add("drop", new Op.DropPath(0.5), y);
        layers.sum("add", y, x);
        return layers.network("branched", 3, WIDTH).withDropPath(rate);
    }

    private static StudentNetwork student(double rate) {
        return StudentNetwork.regression(network(rate), List.of(Heads.regression(Head.Form.RELEASED, 1, WIDTH, 64)));
    }

    private static float[] gradient(double rate, long seed) {
        StudentNetwork trained = student(rate);
        float[] weights = new float[trained.parameters().length()];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = (i * 7 % 11 - 5) / 10f;
        }
        StudentState state =
                new StudentState(weights, List.of(new float[weights.length]), new float[0], new float[0], new float[0]);
        try (StepModule step = new StepModule(torch, trained, new StepSettings(false, 0.9, 0), state);
                NDManager scope = torch.scope()) {
            NDArray out = step.newOut(scope);
            step.backward(ParityTest.images(scope, "images", 16, 32), ParityTest.targets(scope), out, seed);
            return out.toFloatArray();
        }
    }

    @Test
    void theSeedDecidesWhichImagesAreDropped() {
        float[] first = gradient(0.8, 1);
        assertArrayEquals(first, gradient(0.8, 1));
        assertFalse(Arrays.equals(first, gradient(0.8, 2)));
        assertFalse(Arrays.equals(first, gradient(0, 1)));
    }

    @Test
    void aRateOfNothingDropsNothing() {
        assertArrayEquals(gradient(0, 1), gradient(0, 2));
        assertFalse(student(0).backbone().draws());
        assertTrue(student(0.1).backbone().draws());
    }

    @Test
    void theLossOfManyDrawsDiffersByDroppedImages() {
        int at = student(0).parameters().length();
        long different = LongStream.range(0, 20)
                .mapToObj(seed -> gradient(0.8, seed)[at])
                .distinct()
                .count();
        assertTrue(different > 10, different + " different losses");
        assertEquals(0.4, ((Op.DropPath) network(0.8).nodes().get(3).op()).probability(), 1e-12);
    }
}
