package org.simreg.worker.torchscript;

import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.simreg.proto.Head;
import org.simreg.proto.Network;
import org.simreg.worker.network.Heads;
import org.simreg.worker.network.Networks;

class StepModuleTest {
    @Test
    void theLossFallsOnARepeatedBatch() {
        for (boolean bf : new boolean[] {false, true}) {
            try (Torch torch = new Torch("cpu", 1)) {
                Trained trained =
                        Trained.regression(
                                Networks.backbone(Network.RESNET18),
                                List.of(Heads.regression(Head.Form.RELEASED, 4, 512, 64)));
                FlatLayout p = trained.parameters();
                FlatLayout s = trained.statistics();
                Random r = new Random(1);
                float[] w = new float[p.length()];
                for (FlatLayout.Slot slot : p.slots()) {
                    int n = slot.weight().length();
                    float[] v = new float[n];
                    int fan =
                            slot.weight().shape().length > 1
                                    ? (int) (n / slot.weight().shape()[0])
                                    : 1;
                    for (int i = 0; i < n; i++) {
                        v[i] =
                                switch (slot.weight().kind()) {
                                    case NORM_SCALE -> 1;
                                    case NORM_SHIFT, LINEAR_BIAS -> 0;
                                    default -> (float) (r.nextGaussian() * Math.sqrt(2.0 / fan));
                                };
                    }
                    p.put(w, slot.weight().name(), v);
                }
                float[] st = new float[s.length()];
                try (StepModule step =
                                new StepModule(
                                        torch,
                                        trained,
                                        new StepSettings(bf, 0.9, 1e-4),
                                        new StudentState(
                                                w, new float[w.length], st, new float[0]));
                        NDManager scope = torch.scope()) {
                    ByteBuffer bytes = ByteBuffer.allocateDirect(16 * 64 * 64 * 3);
                    byte[] b = new byte[bytes.capacity()];
                    r.nextBytes(b);
                    bytes.put(b).flip();
                    NDArray images = Torch.images(scope, bytes, 16, 64);
                    NDArray target = scope.randomNormal(new ai.djl.ndarray.types.Shape(16, 64));
                    NDArray out = step.newOut(scope);
                    float first = 0;
                    float last = 0;
                    long t = System.nanoTime();
                    for (int i = 0; i < 20; i++) {
                        try (NDManager one = torch.scope()) {
                            last =
                                    step.backward(one, images, new NDArray[] {target}, out)
                                            .getFloat();
                            step.update(out, 0.05, 0);
                        }
                        first = i == 0 ? last : first;
                    }
                    System.out.println(
                            bf
                                    + " "
                                    + first
                                    + " -> "
                                    + last
                                    + " "
                                    + (System.nanoTime() - t) / 1e9
                                    + " "
                                    + torch.profile());
                    assertTrue(last < first);
                }
            }
        }
    }
}
