package org.simreg.worker.engine.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.simreg.proto.Head;
import org.simreg.proto.Network;
import org.simreg.worker.engine.optimizer.OptimizerSettings;
import org.simreg.worker.engine.torchscript.FrozenModule;
import org.simreg.worker.engine.torchscript.StepModule;
import org.simreg.worker.engine.torchscript.StepSettings;
import org.simreg.worker.engine.torchscript.StudentNetwork;
import org.simreg.worker.engine.torchscript.TrainableStudent;
import org.simreg.worker.exchange.reduce.LocalReduce;
import org.simreg.worker.exchange.reduce.Reduce;
import org.simreg.worker.network.Heads;
import org.simreg.worker.network.NetworkGraph;
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
    /** Weights, momentum and statistics. */
    private static final int VECTORS = 3;

    private static final OptimizerSettings PLAIN = OptimizerSettings.sgd(0.9, 1e-4);
    private static final OptimizerSettings CLIPPED =
            new OptimizerSettings(PLAIN.kind(), PLAIN.momentum(), PLAIN.adaptive(), PLAIN.decay(), 0.01);

    @Test
    void aStepCopiesImagesInAndItsLossOutAndWaitsOnce() {
        try (Torch torch = new Torch(1, new LateCopies())) {
            Transfers.Counts before = torch.transfers().counts();
            train(torch, PLAIN);
            Transfers.Counts counts = torch.transfers().counts().since(before);
            assertEquals(STEPS * PARTS, counts.in(), "a copy in for each micro-batch");
            assertEquals(STEPS + VECTORS, counts.out(), "the loss of each step, and the state at the end");
            assertEquals(STEPS + VECTORS, counts.waits(), "the host waits for the loss only, and for the state");
        }
    }

    @Test
    void aClippedGradientsNormComesWithTheLoss() {
        try (Torch torch = new Torch(1, new LateCopies())) {
            Transfers.Counts before = torch.transfers().counts();
            train(torch, CLIPPED);
            Transfers.Counts counts = torch.transfers().counts().since(before);
            assertEquals(2 * STEPS + VECTORS, counts.out(), "loss and norm of each step, and the state at the end");
            assertEquals(STEPS + VECTORS, counts.waits(), "the host waits for the loss only, and for the state");
        }
    }

    @Test
    void theStateIsHashedAsItWasWhileTheNextStepComputes() {
        List<String> states = new ArrayList<>();
        try (Torch torch = new Torch("cpu", 1);
                Training training = new Training(torch, PLAIN)) {
            for (int step = 0; step < STEPS; step++) {
                training.step(() -> {});
                states.add(training.student.state().sha256());
            }
        }
        LateCopies engine = new LateCopies();
        try (Torch torch = new Torch(1, engine)) {
            try (Training training = new Training(torch, PLAIN)) {
                List<String> hashed = new ArrayList<>();
                List<Supplier<String>> begun = new ArrayList<>();
                for (int step = 0; step < STEPS; step++) {
                    training.step(() -> begun.forEach(digest -> hashed.add(digest.get())));
                    begun.clear();
                    begun.add(training.student.digestAhead());
                }
                hashed.add(begun.get(0).get());
                assertEquals(states, hashed);
                assertEquals(states.get(STEPS - 1), training.student.state().sha256(), "copied at once");
            }
            assertEquals(PARTS, engine.marks(), "every mark is freed but those of the images' places");
        }
    }

    @Test
    void lateCopiesChangeNoBit() {
        String expected;
        try (Torch torch = new Torch("cpu", 1)) {
            expected = train(torch, CLIPPED);
            assertEquals(new Transfers.Counts(0, 0, 0), torch.transfers().counts(), "the CPU copies nothing");
        }
        try (Torch torch = new Torch(1, new LateCopies())) {
            assertEquals(expected, train(torch, CLIPPED));
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

    @Test
    void numbersFromElsewhereAreTakenAtOnceAndCopiedLate() {
        LateCopies engine = new LateCopies();
        try (Torch torch = new Torch(1, engine);
                NDManager sums = torch.scope()) {
            Transfers transfers = torch.transfers();
            Shape shape = new Shape(2, 3);
            List<float[]> seen = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                float[] values = {i, 1, 2, 3, 4, 5};
                NDArray sum;
                try (NDManager scope = torch.scope()) {
                    NDArray numbers = transfers.floats(scope, values, shape);
                    Arrays.fill(values, -1);
                    sum = numbers.add(numbers);
                    sum.attach(sums);
                }
                seen.add(sum.toFloatArray());
            }
            for (int i = 0; i < 3; i++) {
                assertArrayEquals(new float[] {2 * i, 2, 4, 6, 8, 10}, seen.get(i));
            }
            assertEquals(3, transfers.counts().in());
            assertEquals(1, engine.marks(), "one place, used again");
        }
        try (Torch torch = new Torch("cpu", 1);
                NDManager scope = torch.scope()) {
            float[] values = {1, 2};
            assertArrayEquals(
                    values,
                    torch.transfers().floats(scope, values, new Shape(1, 2)).toFloatArray());
            assertEquals(new Transfers.Counts(0, 0, 0), torch.transfers().counts());
        }
    }

    /** Some steps as the training loop takes them; norms of clipped gradients, and SHA-256 of the state. */
    private static String train(Torch torch, OptimizerSettings optimizer) {
        try (Training training = new Training(torch, optimizer)) {
            List<OptionalDouble> norms = new ArrayList<>();
            for (int step = 0; step < STEPS; step++) {
                norms.add(training.step(() -> {}));
            }
            return norms + " " + training.student.state().sha256();
        }
    }

    /** A teacher, a student and their pictures. */
    private static final class Training implements AutoCloseable {
        private final NetworkGraph network = Networks.backbone(Network.RESNET18);
        private final StudentNetwork trained = StudentNetwork.regression(
                network, List.of(Heads.regression(Head.Form.LINEAR, 1, network.outputs(), network.outputs())));
        private final Torch torch;
        private final NDManager scope;
        private final FrozenModule teacher;
        private final StepModule student;
        private final Reduce reduce;
        private final ByteBuffer[] pixels = new ByteBuffer[PARTS];
        private final Random random = new Random(3);
        private int taken;

        Training(Torch torch, OptimizerSettings optimizer) {
            this.torch = torch;
            scope = torch.scope();
            teacher = FrozenModule.of(
                    torch, network, StudentBuilder.backbone(trained, InitialWeights.of(trained, 1)), false);
            StepSettings settings = new StepSettings(false, optimizer, StepSettings.Objective.PLAIN);
            student = new StepModule(torch, trained, settings, InitialWeights.of(trained, 2));
            reduce = new LocalReduce(torch.scope(), student::newOut);
            Arrays.setAll(pixels, i -> ByteBuffer.allocateDirect(IMAGES * SIZE * SIZE * 3));
        }

        /** @param computed is called behind the backward passes */
        OptionalDouble step(Runnable computed) {
            Reduce.Round round = reduce.begin(taken++, PARTS);
            try (NDManager step = torch.scope()) {
                for (int i = 0; i < PARTS; i++) {
                    byte[] bytes = new byte[pixels[i].capacity()];
                    random.nextBytes(bytes);
                    pixels[i].put(0, bytes);
                    NDArray images = torch.transfers().images(step, pixels[i], IMAGES, SIZE);
                    NDArray features = teacher.features(step, images);
                    student.backward(images, new NDArray[] {features}, round.vector());
                    round.offer(i);
                }
                computed.run();
                NDArray mean = TrainingLoop.await(round.mean());
                DoubleSupplier loss = student.lossAhead(mean);
                assertTrue(loss.getAsDouble() > 0);
                return student.update(mean, TrainableStudent.Rates.of(0.1));
            }
        }

        @Override
        public void close() {
            reduce.close();
            student.close();
            teacher.close();
            scope.close();
        }
    }
}
