package org.simreg.worker.export;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.simreg.proto.Interpolation;
import org.simreg.proto.Job;
import org.simreg.proto.Network;
import org.simreg.proto.Pixels;
import org.simreg.proto.Precision;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.engine.torchscript.FrozenModule;
import org.simreg.worker.engine.torchscript.ScriptModule;
import org.simreg.worker.network.NamingLayout;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.train.SmallRun;
import org.simreg.worker.train.student.RunCheckpoint;
import org.simreg.worker.weights.checkpoint.RunWeights;
import org.simreg.worker.weights.checkpoint.ShownImages;
import org.simreg.worker.weights.checkpoint.WeightsFile;
import org.simreg.worker.weights.tensor.StateDict;

/** Tests that every exported file of a student gives the features of its evaluation. */
class StudentExportTest {
    private static final int SIZE = 40;
    private static final double[] MEAN = {0.485, 0.456, 0.406};
    private static final double[] DEVIATION = {0.229, 0.224, 0.225};

    @TempDir
    Path folder;

    @ParameterizedTest
    @EnumSource(
            value = Network.class,
            names = {"RESNET18", "MOBILENET_V2"})
    void theFourFilesOfARunGiveTheFeaturesOfItsEvaluation(Network name) throws OrtException {
        Job.Builder job = SmallRun.job(SmallRun.teacher(folder, Network.MOBILENET_V2, 1));
        job.getStudentBuilder().setNetwork(name);
        SmallRun run = SmallRun.exported(job, folder);
        assertEquals(4, run.exports().size());
        String file = Networks.backbone(name).name();
        Path student = folder.resolve("student");
        StateDict weights = WeightsFile.read(student.resolve(file + ".safetensors"));
        assertTrained(weights);
        assertSameBits(weights, WeightsFile.read(student.resolve(file + ".pth")));
        assertSameBits(weights, WeightsFile.read(student.resolve(file + ".torchscript.pt")));
        assertHoldsCheckpoint(weights, run);
        whatTheRunKnewGoesWithTheWeights();
        for (int images : new int[] {1, 5}) {
            byte[] pixels = pixels(images);
            float[] expected = evaluated(name, weights, pixels, images);
            close(expected, scripted(student.resolve(file + ".torchscript.pt"), pixels, images));
            close(expected, onnx(student.resolve(file + ".onnx"), pixels, images));
        }
    }

    /** Of the run folder, of its export, and of exports of these under other libraries' names. */
    private void whatTheRunKnewGoesWithTheWeights() {
        ShownImages known = new ShownImages(32, 37, Pixels.IMAGENET, Precision.FLOAT32, Interpolation.BILINEAR);
        Path newest = RunCheckpoint.newest(SmallRun.checkpoints(folder)).orElseThrow();
        List<Path> files = new ArrayList<>(List.of(folder, newest));
        Set<StudentExport.Format> formats = EnumSet.complementOf(EnumSet.of(StudentExport.Format.ONNX));
        for (NamingLayout layout : List.of(NamingLayout.TORCHVISION, NamingLayout.TIMM, NamingLayout.HUGGINGFACE)) {
            var target = new StudentExport.Target(folder.resolve("hub"), 32, formats, Optional.of(layout));
            files.addAll(StudentExport.checkpoint(StudentExport.Source.run(newest), target, notice -> {}));
        }
        files.removeIf(file -> file.endsWith("config.json"));
        assertTrue(files.stream().anyMatch(file -> file.endsWith("model.safetensors")), files::toString);
        for (Path file : files) {
            assertEquals(Optional.of(known), ShownImages.of(file), file::toString);
        }
        assertEquals(
                Optional.of(known),
                ShownImages.of(folder.resolve("hub").resolve(hub()).toString()));
        assertEquals(Optional.empty(), ShownImages.of(folder.resolve("teacher-1.safetensors")));
    }

    private String hub() {
        return folder.resolve("hub").toFile().list((in, name) -> name.endsWith("-huggingface"))[0];
    }

    /** Statistics of 0 and 1 would hide a BatchNorm that is left out. */
    private static void assertTrained(StateDict weights) {
        for (String norm : new String[] {"bn1", "features.0.1"}) {
            if (weights.contains(norm + ".running_var")) {
                assertTrue(weights.get(norm + ".running_mean").floats()[0] != 0);
                assertTrue(weights.get(norm + ".running_var").floats()[0] != 1);
                assertEquals(
                        6, weights.get(norm + ".num_batches_tracked").data().getLong(0));
                return;
            }
        }
        throw new AssertionError("no BatchNorm in " + weights.names());
    }

    private static void assertSameBits(StateDict expected, StateDict actual) {
        assertTrue(expected.names().equals(actual.names()), actual.names().toString());
        for (String name : expected.names()) {
            assertArrayEquals(expected.shape(name), actual.shape(name), name);
            assertEquals(expected.get(name).data(), actual.get(name).data(), name);
        }
    }

    private void assertHoldsCheckpoint(StateDict weights, SmallRun run) {
        Path newest = RunCheckpoint.newest(SmallRun.checkpoints(folder)).orElseThrow();
        assertEquals(run.sha256(), RunWeights.notes(newest).get("sha256"));
        StateDict checkpoint = WeightsFile.read(newest);
        for (String name : weights.names()) {
            if (!name.endsWith("num_batches_tracked")) {
                assertEquals(
                        checkpoint.get("backbone." + name).data(),
                        weights.get(name).data(),
                        name);
            }
        }
    }

    private static float[] evaluated(Network name, StateDict weights, byte[] pixels, int images) {
        try (Torch torch = new Torch("cpu", 1);
                FrozenModule module = FrozenModule.of(torch, Networks.backbone(name), weights, false);
                NDManager scope = torch.scope()) {
            return module.features(scope, images(scope, pixels, images)).toFloatArray();
        }
    }

    private static float[] scripted(Path file, byte[] pixels, int images) {
        try (Torch torch = new Torch("cpu", 1);
                ScriptModule module = new ScriptModule(torch, file);
                NDManager scope = torch.scope()) {
            return module.features(scope, images(scope, pixels, images)).toFloatArray();
        }
    }

    private static NDArray images(NDManager scope, byte[] pixels, int images) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(pixels.length).put(pixels).rewind();
        NDArray shared = Torch.images(scope, bytes, images, SIZE);
        return shared.duplicate();
    }

    private static float[] onnx(Path file, byte[] pixels, int images) throws OrtException {
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        long[] shape = {images, 3, SIZE, SIZE};
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(1);
            try (OrtSession session = environment.createSession(file.toString(), options);
                    OnnxTensor input =
                            OnnxTensor.createTensor(environment, FloatBuffer.wrap(normalised(pixels)), shape);
                    OrtSession.Result result = session.run(
                            Map.of(session.getInputNames().iterator().next(), input))) {
                FloatBuffer output = ((OnnxTensor) result.get(0)).getFloatBuffer();
                float[] values = new float[output.remaining()];
                output.get(values);
                return values;
            }
        }
    }

    /** (N, H, W, 3) bytes to (N, 3, H, W) with ImageNet's mean and deviation. */
    private static float[] normalised(byte[] pixels) {
        int area = SIZE * SIZE;
        float[] values = new float[pixels.length];
        for (int i = 0; i < pixels.length; i++) {
            int channel = i % 3;
            int place = i / 3 % area;
            int image = i / 3 / area;
            values[(image * 3 + channel) * area + place] =
                    (float) (((pixels[i] & 0xFF) / 255.0 - MEAN[channel]) / DEVIATION[channel]);
        }
        return values;
    }

    private static byte[] pixels(int images) {
        byte[] pixels = new byte[images * SIZE * SIZE * 3];
        SplittableRandom random = new SplittableRandom(3);
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) random.nextInt(256);
        }
        return pixels;
    }

    private static void close(float[] expected, float[] actual) {
        assertEquals(expected.length, actual.length);
        double largest = 0;
        double difference = 0;
        for (int i = 0; i < expected.length; i++) {
            largest = Math.max(largest, Math.abs(expected[i]));
            difference = Math.max(difference, Math.abs(expected[i] - actual[i]));
        }
        assertTrue(largest > 0, "all features are 0");
        assertEquals(0, difference / largest, 1e-4, "error relative to the largest feature");
    }

    @Test
    void aRunWithValPicturesMeasuresTeacherAndStudentBeforeAndAfter() {
        Job.Builder job = SmallRun.job(SmallRun.teacher(folder, Network.MOBILENET_V2, 1));
        job.getDatasetBuilder().clearPath().addPath(SmallRun.SAMPLE.toString()).setLimitClasses(2);
        job.getOptimizationBuilder().setBatch(24);
        job.getEvaluationBuilder().setEveryEpochs(1).addK(1).addK(1024);
        SmallRun run = SmallRun.whole(job, folder);
        var measured = run.events().stream().filter(e -> e.hasEvaluation()).map(e -> e.getEvaluation());
        var subjects = measured.map(e -> e.getSubject() + " " + e.getEpoch()).toList();
        assertEquals(List.of("student at random 0", "teacher 0", "student 1", "student 2"), subjects);
        var last = run.events().stream().filter(e -> e.hasEvaluation()).toList().get(3);
        assertEquals(12, last.getEvaluation().getExamplesCount());
        assertTrue(last.getEvaluation().getKnn(0).getAccuracy() > 0.2, last.toString());
    }
}
