package org.simreg.worker.train.teacher;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.simreg.proto.Network;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.engine.torchscript.FrozenModule;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.train.SmallRun;
import org.simreg.worker.weights.tensor.StateDict;

/**
 * Tests of the condition for keeping features: in batches of one size a picture's feature is the
 * same to the bit, whichever place it has and whatever stands beside it.
 */
class FeatureRowsTest {
    private static final int BATCH = 6;
    private static final int SIZE = 32;

    /** One of each kind; all take minutes, {@code -Dsimreg.test.networks=all}. */
    static Stream<Arguments> networks() {
        boolean all = System.getProperty("simreg.test.networks", "").equals("all");
        List<Network> some = List.of(Network.RESNET18, Network.RESNET50, Network.RESNET50_BYOL, Network.MOBILENET_V2);
        return Stream.of(Network.values())
                .filter(name -> name != Network.UNRECOGNIZED && name != Network.AUTO)
                .filter(name -> all || some.contains(name))
                .flatMap(name -> name == Network.RESNET50_BYOL
                        ? Stream.of(Arguments.of(name, false))
                        : Stream.of(Arguments.of(name, false), Arguments.of(name, true)));
    }

    @ParameterizedTest
    @MethodSource("networks")
    void aRowKnowsNeitherItsPlaceNorItsNeighbours(Network name, boolean fc) {
        StateDict weights = fc ? SmallRun.classifier(name, 10, 1) : SmallRun.weights(name, 1);
        var network = fc ? Networks.classifier(name, 10) : Networks.backbone(name);
        for (int threads : new int[] {1, 2}) {
            for (boolean bfloat16 : new boolean[] {false, true}) {
                try (Torch torch = new Torch("cpu", threads);
                        FrozenModule module = FrozenModule.of(torch, network, weights, bfloat16)) {
                    check(torch, module, name + " on " + threads + ", bfloat16 " + bfloat16);
                }
            }
        }
    }

    private static void check(Torch torch, FrozenModule module, String of) {
        float[][] rows = rows(torch, module, 0, 1, 2, 3, 4, 5);
        float[][] moved = rows(torch, module, 5, 9, 0, 8, 2, 7);
        assertArrayEquals(rows[5], moved[0], of);
        assertArrayEquals(rows[0], moved[2], of);
        assertArrayEquals(rows[2], moved[4], of);
    }

    private static float[][] rows(Torch torch, FrozenModule module, int... pictures) {
        int bytes = SIZE * SIZE * 3;
        ByteBuffer images = ByteBuffer.allocateDirect(BATCH * bytes);
        for (int i = 0; i < BATCH; i++) {
            byte[] image = new byte[bytes];
            new Random(pictures[i]).nextBytes(image);
            images.put(i * bytes, image);
        }
        try (NDManager scope = torch.scope()) {
            NDArray features = module.features(scope, Torch.images(scope, images, BATCH, SIZE));
            int width = (int) features.getShape().get(1);
            float[] all = features.toFloatArray();
            return IntStream.range(0, BATCH)
                    .mapToObj(i -> Arrays.copyOfRange(all, i * width, (i + 1) * width))
                    .toArray(float[][]::new);
        }
    }
}
