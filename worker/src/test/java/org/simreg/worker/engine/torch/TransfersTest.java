package org.simreg.worker.engine.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Random;
import java.util.function.DoubleSupplier;
import org.junit.jupiter.api.Test;
import org.simreg.proto.Head;
import org.simreg.proto.Network;
import org.simreg.worker.engine.torchscript.FrozenModule;
import org.simreg.worker.engine.torchscript.StepModule;
import org.simreg.worker.engine.torchscript.StepSettings;
import org.simreg.worker.engine.torchscript.StudentNetwork;
import org.simreg.worker.engine.torchscript.TrainableStudent;
import org.simreg.worker.exchange.reduce.LocalReduce;
import org.simreg.worker.exchange.reduce.Reduce;
import org.simreg.worker.network.Heads;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.train.TrainingLoop;
import org.simreg.worker.train.student.InitialWeights;
import org.simreg.worker.train.student.StudentBuilder;

/** Tests of the traffic between host and device, with copies that come as late as CUDA may make them. */
class TransfersTest {
    private static final int IMAGES = 4;
    private static final int SIZE = 32;
    private static final int PARTS = 2;
    private static final int STEPS = 4;

    @Test
    void aStepCopiesImagesInAndItsLossOutAndWaitsOnce() {
        try (Torch torch = new Torch(1, new LateCopies())) {
            Transfers.Counts before = torch.transfers().counts();
            train(torch);
            Transfers.Counts counts = torch.transfers().counts().since(before);
            assertEquals(STEPS * PARTS, counts.in(), "a copy in for each micro-batch");
            assertEquals(STEPS, counts.out(), "the loss of each step");
            assertEquals(STEPS, counts.waits(), "the host waits for the loss only");
        }
    }

    @Test
    void lateCopiesChangeNoBit() {
        String expected;
        try (Torch torch = new Torch("cpu", 1)) {
            expected = train(torch);
            assertEquals(new Transfers.Counts(0, 0, 0), torch.transfers().counts(), "the CPU copies nothing");
        }
        try (Torch torch = new Torch(1, new LateCopies())) {
            assertEquals(expected, train(torch));
        }
    }

    @Test
    void aVectorIsReadAsItWasAndWrittenBehindItsLastUse() {
        LateCopies engine = new LateCopies();
        try (Torch torch = new Torch(1, engine);
                NDManager scope = torch.scope()) {
            Transfers transfers = torch.transfers();
            NDArray vector = scope.create(new float[] {1, 2, 3, 4});
            try (Transfers.Reading part = transfers.read(vector, 1, 2)) {
                FloatBuffer values = part.await();
                assertEquals(List.of(2f, 3f), List.of(values.get(0), values.get(1)));
            }
            ByteBuffer host = ByteBuffer.allocateDirect(16).order(ByteOrder.nativeOrder());
            host.asFloatBuffer().put(new float[] {5, 6, 7, 8});
            transfers.write(vector, host, transfers.used());
            assertArrayEquals(new float[] {5, 6, 7, 8}, vector.toFloatArray());
            assertEquals(new Transfers.Counts(1, 1, 1), transfers.counts());
            assertEquals(0, engine.marks(), "every mark is freed");
        }
    }

    /** Some steps as the training loop takes them; SHA-256 of the state. */
    private static String train(Torch torch) {
        var network = Networks.backbone(Network.RESNET18);
        StudentNetwork trained = StudentNetwork.regression(
                network, List.of(Heads.regression(Head.Form.LINEAR, 1, network.outputs(), network.outputs())));
        try (FrozenModule teacher = FrozenModule.of(
                        torch, network, StudentBuilder.backbone(trained, InitialWeights.of(trained, 1)), false);
                StepModule student = new StepModule(
                        torch, trained, new StepSettings(false, 0.9, 1e-4), InitialWeights.of(trained, 2));
                Reduce reduce = new LocalReduce(torch.scope(), student::newOut)) {
            ByteBuffer[] pixels = new ByteBuffer[PARTS];
            for (int i = 0; i < PARTS; i++) {
                pixels[i] = ByteBuffer.allocateDirect(IMAGES * SIZE * SIZE * 3);
            }
            Random random = new Random(3);
            for (int step = 0; step < STEPS; step++) {
                Reduce.Round round = reduce.begin(step, PARTS);
                try (NDManager scope = torch.scope()) {
                    for (int i = 0; i < PARTS; i++) {
                        byte[] bytes = new byte[pixels[i].capacity()];
                        random.nextBytes(bytes);
                        pixels[i].put(0, bytes);
                        NDArray images = torch.transfers().images(scope, pixels[i], IMAGES, SIZE);
                        NDArray features = teacher.features(scope, images);
                        student.backward(images, new NDArray[] {features}, round.vector());
                        round.offer(i);
                    }
                    NDArray mean = TrainingLoop.await(round.mean());
                    DoubleSupplier loss = student.lossAhead(mean);
                    assertTrue(loss.getAsDouble() > 0);
                    student.update(mean, TrainableStudent.Rates.of(0.1));
                }
            }
            return student.state().sha256();
        }
    }
}
