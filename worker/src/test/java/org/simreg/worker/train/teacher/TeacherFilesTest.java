package org.simreg.worker.train.teacher;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.simreg.proto.Job;
import org.simreg.proto.JobSettings;
import org.simreg.proto.Network;
import org.simreg.proto.Pixels;
import org.simreg.proto.Problems;
import org.simreg.proto.Teacher.Feature;
import org.simreg.proto.UserError;
import org.simreg.worker.data.view.View;
import org.simreg.worker.data.view.ViewRecipe;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.train.SmallRun;
import org.simreg.worker.train.featurestore.StoreHeader;
import org.simreg.worker.weights.checkpoint.TestWeights;
import org.simreg.worker.weights.checkpoint.TowerFixture;
import org.simreg.worker.weights.checkpoint.WeightsFile;
import org.simreg.worker.weights.format.Safetensors;

/**
 * Tests that checkpoints in the layouts of the published ones give PyTorch's features. Their
 * tensors share a small storage; {@code scripts/fixtures/teachers.py} makes them.
 */
class TeacherFilesTest {
    private static final int SIZE = 32;

    private static Torch torch;

    @BeforeAll
    static void start() {
        torch = new Torch("cpu", 1);
    }

    @AfterAll
    static void stop() {
        torch.close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"moco-v2.pth.tar", "moco-v2-legacy.pth.tar", "swav.pth.tar", "simclr.pth", "supervised.pth"})
    void everyLayoutOfAResNet50GivesPyTorchsPooledFeature(String file) {
        features(job(file, Network.RESNET50), "pooled/resnet50");
    }

    @Test
    void thePortOfByolIsPaddedAsTensorFlowPads() {
        features(job("byol.pth.tar", Network.RESNET50_BYOL), "pooled/resnet50-byol");
    }

    @Test
    void theOutputOfFcIsPyTorchs() {
        Job.Builder job = job("supervised.pth", Network.RESNET50);
        job.getTeachersBuilder(0).setFeature(Feature.FC);
        features(job, "fc");
    }

    @Test
    void aTracedVisionTransformerGetsItsOwnSizeAndPixels() {
        features(vision(SIZE, Pixels.HALF), "vit");
    }

    private static Job.Builder vision(int size, Pixels pixels) {
        Job.Builder job = SmallRun.job("torchscript:" + file("vit.pt"));
        job.getTeachersBuilder(0).setSize(size).setPixels(pixels);
        return job;
    }

    @Test
    void aVisionTransformerOfAnotherSizeIsRefusedByName() {
        refused(vision(48, Pixels.HALF), "vit.pt failed on images (1, 3, 48, 48)");
    }

    @Test
    void aModuleWhoseFeatureChangesItsWidthIsRefusedByName() {
        String source = "torchscript:" + file("growing.pt");
        refused(SmallRun.job(source), "growing.pt gave features of width 2, and of width 1 before");
    }

    @ParameterizedTest
    @CsvSource({
        "byol.pth.tar, RESNET50_BYOL, resnet50-byol's last linear layer",
        "moco-v2.pth.tar, RESNET50, resnet50's last linear layer",
        "swav.pth.tar, RESNET50, resnet50's last linear layer"
    })
    void fcOfAFileWithoutOneIsRefused(String file, Network network, String what) {
        Job.Builder job = job(file, network);
        job.getTeachersBuilder(0).setFeature(Feature.FC);
        refused(job, "Can't take the output of " + what, "use the pooled feature");
    }

    @Test
    void allTeachersThatCantBeUsedAreInOneMessage() {
        Job.Builder job = job("byol.pth.tar", Network.RESNET50_BYOL);
        job.getTeachersBuilder(0).setFeature(Feature.FC);
        job.addTeachersBuilder().setSource(file("swav.pth.tar")).setNetwork(Network.RESNET18);
        job.addTeachersBuilder().setSource(file("simclr.pth")).setNetwork(Network.RESNET50);
        job.addTeachersBuilder().setSource("torchscript:" + file("simclr.pth"));
        String message = refused(
                job,
                "The job is refused for 3 reasons",
                "teachers[0].source (--teacher): Can't take the output",
                "teachers[1].source (--teacher): Can't use the weights",
                "teachers[3].source (--teacher): ");
        assertEquals(4, message.lines().count(), message);
    }

    @Test
    void aTransformersTokensAreItsFeatureWhereTheJobSaysSo(@TempDir Path folder) {
        Path file = folder.resolve("vit.safetensors");
        TowerFixture tower = TowerFixture.read("timm-vit-ti16-96");
        Safetensors.write(file, tower.file(tower.depth()));
        List<float[]> features = new ArrayList<>();
        Set<StoreHeader.Key> keys = new HashSet<>();
        for (String output : List.of("", "cls", "mean", "cls+mean")) {
            Job.Builder asked = SmallRun.job(file.toString());
            asked.getTeachersBuilder(0).setNetwork(Network.VIT_TI16);
            if (!output.isEmpty()) {
                asked.getTeachersBuilder(0).setOutput(output);
            }
            Job job = JobSettings.complete(asked.build());
            keys.add(new FeatureKey(job, "data", "cpu")
                    .of(job.getTeachers(0), new View(0, new ViewRecipe.CentreView(32, 32)), false));
            Problems problems = new Problems();
            List<FrozenTeacher> loaded = FrozenTeacher.load(torch, job, problems, notice -> {});
            problems.refuse("The job is refused");
            try (FrozenTeacher teacher = loaded.get(0);
                    NDManager scope = torch.scope()) {
                float[] rows = teacher.features(scope, images(scope)).toFloatArray();
                features.add(Arrays.copyOf(rows, rows.length / 2));
            }
        }
        assertEquals(4, keys.size(), "stores of their own");
        float[] both = new float[2 * 192];
        System.arraycopy(features.get(1), 0, both, 0, 192);
        System.arraycopy(features.get(2), 0, both, 192, 192);
        assertArrayEquals(features.get(0), features.get(1));
        assertArrayEquals(both, features.get(3));
    }

    @Test
    void featuresOfAModuleInBfloat16AreKeptApart() {
        Job job = JobSettings.complete(
                SmallRun.job("torchscript:" + file("byol.pth.tar")).build());
        FeatureKey keys = new FeatureKey(job, "data", "cpu");
        View view = new View(0, new ViewRecipe.CentreView(32, 32));
        StoreHeader.Key asWritten = keys.of(job.getTeachers(0), view, false);
        assertNull(asWritten.parts().get("precision"), "the key of stores from before");
        assertEquals("bfloat16", keys.of(job.getTeachers(0), view, true).parts().get("precision"));
    }

    @Test
    void aConvolutionalTeacherHasNoTokens() {
        Job.Builder job = job("supervised.pth", Network.RESNET50);
        job.getTeachersBuilder(0).setOutput("mean");
        refused(job, "teachers[0].source (--teacher): --teacher-output: resnet50 has no mean: its feature");
    }

    private static String refused(Job.Builder asked, String... parts) {
        Problems problems = new Problems();
        FrozenTeacher.load(torch, JobSettings.complete(asked.build()), problems, notice -> {})
                .forEach(FrozenTeacher::close);
        UserError refused = assertThrows(UserError.class, () -> problems.refuse("The job is refused"));
        for (String part : parts) {
            assertTrue(refused.getMessage().contains(part), refused.getMessage());
        }
        return refused.getMessage();
    }

    private static void features(Job.Builder asked, String name) {
        Job job = JobSettings.complete(asked.build());
        Problems problems = new Problems();
        List<FrozenTeacher> teachers = FrozenTeacher.load(torch, job, problems, notice -> {});
        problems.refuse("The job is refused");
        float[] both = WeightsFile.read(Path.of(file("expected.safetensors")))
                .get(name)
                .floats();
        float[] truth = Arrays.copyOfRange(both, both.length / 2, both.length);
        try (FrozenTeacher teacher = teachers.get(0);
                NDManager scope = torch.scope()) {
            NDArray features = teacher.features(scope, images(scope));
            int stride = 2 * teacher.width() / truth.length;
            float[] got = features.toFloatArray();
            double largest = 0;
            double worst = 0;
            for (int i = 0; i < truth.length; i++) {
                largest = Math.max(largest, Math.abs(truth[i]));
                worst = Math.max(worst, Math.abs(truth[i] - got[i * stride]));
            }
            assertTrue(worst < 1e-4 * largest, worst + " of " + largest);
        }
    }

    private static Job.Builder job(String file, Network network) {
        Job.Builder job = SmallRun.job(file(file));
        job.getTeachersBuilder(0).setNetwork(network);
        return job;
    }

    private static NDArray images(NDManager scope) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(2 * SIZE * SIZE * 3);
        for (int i = 0; i < bytes.capacity(); i++) {
            bytes.put(i, (byte) (int) (256 * TestWeights.uniform("images", i)));
        }
        return Torch.images(scope, bytes, 2, SIZE);
    }

    private static String file(String name) {
        String resource = "/fixtures/teachers/" + name;
        try {
            return Path.of(Objects.requireNonNull(TeacherFilesTest.class.getResource(resource), resource)
                            .toURI())
                    .toString();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
