package org.simreg.worker.features.embed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.simreg.proto.Network;
import org.simreg.proto.Precision;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.ProgressMonitor;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.folder.FolderSource;
import org.simreg.worker.data.loader.BatchLoader;
import org.simreg.worker.data.view.ViewRecipe;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.features.knn.FeatureBank;
import org.simreg.worker.network.Stage;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.weights.checkpoint.AuthorsFile;
import org.simreg.worker.weights.checkpoint.WeightsFile;
import org.simreg.worker.weights.format.Safetensors;
import org.simreg.worker.weights.part.PartRequest;
import org.simreg.worker.weights.tensor.HostTensor;
import org.simreg.worker.weights.tensor.StateDict;

/** Tests of features of the authors' checkpoint: student, teacher inside, stages and head. */
class AuthorsEvaluationTest {
    private static final PartRequest TEACHER = new PartRequest("teacher", "--part");

    private static final Path SAMPLE = Path.of("..", "scripts", "sample");
    private static final int SIZE = 32;

    @TempDir
    static Path folder;

    private static Torch torch;
    private static Path zip;
    private static Path legacy;

    @BeforeAll
    static void start() {
        torch = new Torch("cpu", 1);
        torch.enter();
        zip = AuthorsFile.zip(folder.resolve("zip.pth"));
        legacy = AuthorsFile.legacy(folder.resolve("legacy.pth.tar"));
    }

    @AfterAll
    static void stop() {
        torch.close();
    }

    @Test
    void theStudentIsTakenUnlessTheTeacherIsAskedFor() {
        try (FrozenBackbone student = FrozenBackbone.open(torch, asked(zip, PartRequest.ANY), notice -> {});
                FrozenBackbone teacher = FrozenBackbone.open(torch, asked(legacy, TEACHER), n -> {})) {
            assertEquals("resnet18", student.identity().network());
            assertEquals("mobilenet-v2 (teacher)", teacher.identity().network());
            assertEquals(512, bank(student).dimension());
            assertEquals(1280, bank(teacher).dimension());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void bothContainersGiveTheSameFeaturesWhicheverPart(boolean teacher) {
        PartRequest part = teacher ? TEACHER : PartRequest.ANY;
        try (FrozenBackbone first = FrozenBackbone.open(torch, asked(zip, part), notice -> {});
                FrozenBackbone second = FrozenBackbone.open(torch, asked(legacy, part), notice -> {})) {
            same(bank(first), bank(second));
        }
    }

    @Test
    void theLastStageIsTheStudentAndTheHeadIsBehindIt() {
        try (FrozenBackbone plain = FrozenBackbone.open(torch, asked(zip, PartRequest.ANY), notice -> {});
                FrozenBackbone staged = FrozenBackbone.staged(torch, asked(zip, PartRequest.ANY), List.of(), n -> {})) {
            assertEquals(
                    List.of("stem", "layer1", "layer2", "layer3", "layer4", "head.1", "head.2", "head.3", "head.4"),
                    staged.stages().stream().map(Stage::name).toList());
            List<FeatureBank> banks = stages(staged, Optional.empty());
            same(bank(plain), banks.get(4));
            assertEquals(1280, banks.get(8).dimension());
            Optional<Path> cache = Optional.of(folder.resolve("kept"));
            List<FeatureBank> written = stages(staged, cache);
            List<FeatureBank> read = stages(staged, cache);
            for (int i = 0; i < banks.size(); i++) {
                same(banks.get(i), written.get(i));
                same(banks.get(i), read.get(i));
            }
        }
    }

    @Test
    void ofTheTeacherOnlyItsStagesAreThere() {
        List<String> layers = List.of("stage7", "last");
        try (FrozenBackbone teacher = FrozenBackbone.staged(torch, asked(zip, TEACHER), layers, notice -> {})) {
            assertEquals(layers, teacher.stages().stream().map(Stage::name).toList());
            assertEquals(320, stages(teacher, Optional.empty()).get(0).dimension());
        }
    }

    @Test
    void aHeadOfAnotherFormIsRefusedWithItsShapesAndCanBeLeftOut() {
        Map<String, HostTensor> all = new LinkedHashMap<>();
        StateDict file = WeightsFile.read(zip);
        file.names().stream()
                .filter(name -> name.startsWith("encoder_q"))
                .forEach(name -> all.put(name, file.get(name)));
        all.put("predict_q.module.0.weight", HostTensor.of(new float[3 * 512], 3, 512));
        all.put("predict_q.module.0.bias", HostTensor.of(new float[3], 3));
        all.put("predict_q.module.2.weight", HostTensor.of(new float[2 * 3], 2, 3));
        all.put("predict_q.module.2.bias", HostTensor.of(new float[2], 2));
        Path other = folder.resolve("other.safetensors");
        Safetensors.write(other, StateDict.of(all));
        FrozenBackbone.Request asked = asked(other, PartRequest.ANY);
        refused(asked, List.of(), "0 Linear 512 -> 3, 2 Linear 3 -> 2, which is none");
        FrozenBackbone.staged(torch, asked, List.of("layer4"), notice -> {}).close();
    }

    @Test
    void featuresThatAreNoNumbersAreRefusedWithTheImage() {
        ImageDataset sample = sample();
        try (ImageEmbedder embedder =
                new ImageEmbedder(torch, sample.val().orElseThrow(), new BatchLoader.Settings(1, 2, 0), notice -> {})) {
            ImageEmbedder.Features overflown = (scope, images) ->
                    scope.full(new Shape(images.getShape().get(0), 3), Float.POSITIVE_INFINITY, DataType.FLOAT32);
            ViewRecipe.CentreView view = new ViewRecipe.CentreView(37, SIZE);
            UserError refused =
                    assertThrows(UserError.class, () -> embedder.bank(overflown, view, ProgressMonitor.SILENT));
            String first = sample.val().orElseThrow().location(0);
            assertEquals(
                    "The features of " + first
                            + " are no finite numbers (Infinity): the weights are damaged, belong to another network,"
                            + " or overflow in this precision",
                    refused.getMessage());
        }
    }

    @Test
    void whatHasNoStagesOrNoSuchStageIsRefused() {
        refused(asked(zip, PartRequest.ANY), List.of("layer5"), "has no layer5; choose of stem, ");
        FrozenBackbone.Request script =
                new FrozenBackbone.Request("torchscript:x.pt", Optional.empty(), Optional.empty());
        refused(script, List.of(), "Can't look into the TorchScript module");
    }

    @Test
    void aTeacherThatIsNotThereIsRefused() {
        Path plain = folder.resolve("plain.safetensors");
        StateDict file = WeightsFile.read(zip);
        Safetensors.write(plain, file.withoutPrefix("encoder_q.module."));
        UserError error =
                assertThrows(UserError.class, () -> FrozenBackbone.open(torch, asked(plain, TEACHER), notice -> {}));
        assertTrue(error.getMessage().startsWith("Can't find the part 'teacher' in "), error::getMessage);
    }

    @Test
    void theAskedNetworkMustFitTheAskedPart() {
        FrozenBackbone.Request asked = new FrozenBackbone.Request(
                zip.toString(), Optional.of(Network.RESNET50), Optional.empty(), TEACHER, FrozenBackbone.Ends.OWN);
        UserError error = assertThrows(UserError.class, () -> FrozenBackbone.open(torch, asked, notice -> {}));
        assertTrue(error.getMessage().contains("they fit mobilenet-v2"), error::getMessage);
        assertEquals(1280, Networks.backbone(Network.MOBILENET_V2).outputs());
    }

    private static void refused(FrozenBackbone.Request asked, List<String> layers, String reason) {
        UserError error =
                assertThrows(UserError.class, () -> FrozenBackbone.staged(torch, asked, layers, notice -> {}));
        assertTrue(error.getMessage().contains(reason), error::getMessage);
    }

    private static FrozenBackbone.Request asked(Path file, PartRequest part) {
        return new FrozenBackbone.Request(
                file.toString(), Optional.empty(), Optional.of(Precision.FLOAT32), part, FrozenBackbone.Ends.OWN);
    }

    private static FeatureBank bank(FrozenBackbone backbone) {
        try (FeatureSets sets = sets(backbone, Optional.empty())) {
            return sets.val(ProgressMonitor.SILENT);
        }
    }

    private static List<FeatureBank> stages(FrozenBackbone backbone, Optional<Path> cache) {
        try (FeatureSets sets = sets(backbone, cache)) {
            return new ArrayList<>(sets.valStages(ProgressMonitor.SILENT));
        }
    }

    private static FeatureSets sets(FrozenBackbone backbone, Optional<Path> cache) {
        ImageDataset splits = sample();
        FeatureSets.Settings settings = new FeatureSets.Settings(
                new ViewRecipe.CentreView(SIZE, SIZE), new BatchLoader.Settings(1, 2, 0), cache, notice -> {});
        return new FeatureSets(torch, backbone, splits, settings);
    }

    private static ImageDataset sample() {
        return FolderSource.open(
                SAMPLE,
                new ImageDataset.Subset(2, Optional.empty()),
                folder.resolve("index"),
                ImageDataset.IndexProgress.SILENT,
                note -> {});
    }

    private static void same(FeatureBank expected, FeatureBank actual) {
        assertEquals(expected.size(), actual.size());
        assertTrue(expected.size() > 20);
        assertEquals(0, expected.directionless());
        for (int row = 0; row < expected.size(); row++) {
            assertArrayEquals(expected.row(row), actual.row(row));
            assertEquals(expected.label(row), actual.label(row));
        }
    }
}
