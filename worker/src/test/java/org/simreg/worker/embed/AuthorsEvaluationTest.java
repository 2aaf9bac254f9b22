package org.simreg.worker.embed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
import org.simreg.proto.Pixels;
import org.simreg.proto.Precision;
import org.simreg.proto.UserError;
import org.simreg.worker.checkpoint.Checkpoints;
import org.simreg.worker.checkpoint.HostTensor;
import org.simreg.worker.checkpoint.Safetensors;
import org.simreg.worker.checkpoint.StateDict;
import org.simreg.worker.data.CentreView;
import org.simreg.worker.data.FolderSource;
import org.simreg.worker.data.IndexProgress;
import org.simreg.worker.data.LoaderSettings;
import org.simreg.worker.data.Splits;
import org.simreg.worker.data.Subset;
import org.simreg.worker.evaluate.FeatureBank;
import org.simreg.worker.inspect.AuthorsFile;
import org.simreg.worker.inspect.FoundNetwork.Role;
import org.simreg.worker.network.Networks;
import org.simreg.worker.network.Stage;
import org.simreg.worker.torchscript.Torch;

/** The authors' distilled checkpoint evaluates: student, teacher inside, stages and head. */
class AuthorsEvaluationTest {
    private static final Path SAMPLE = Path.of("..", "scripts", "sample");
    private static final int SIZE = 32;

    @TempDir static Path folder;

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
        try (Backbone student = Backbone.open(torch, asked(zip, Role.STUDENT), notice -> {});
                Backbone teacher = Backbone.open(torch, asked(legacy, Role.TEACHER), n -> {})) {
            assertEquals("resnet18", student.identity().network());
            assertEquals("mobilenet-v2 (teacher)", teacher.identity().network());
            assertEquals(512, bank(student).dimension());
            assertEquals(1280, bank(teacher).dimension());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void bothContainersGiveTheSameFeaturesWhicheverPart(boolean teacher) {
        Role part = teacher ? Role.TEACHER : Role.STUDENT;
        try (Backbone first = Backbone.open(torch, asked(zip, part), notice -> {});
                Backbone second = Backbone.open(torch, asked(legacy, part), notice -> {})) {
            same(bank(first), bank(second));
        }
    }

    @Test
    void theLastStageIsTheStudentAndTheHeadIsBehindIt() {
        try (Backbone plain = Backbone.open(torch, asked(zip, Role.STUDENT), notice -> {});
                Backbone staged =
                        Backbone.staged(torch, asked(zip, Role.STUDENT), List.of(), n -> {})) {
            assertEquals(
                    List.of(
                            "stem", "layer1", "layer2", "layer3", "layer4", "head.1", "head.2",
                            "head.3", "head.4"),
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
        try (Backbone teacher =
                Backbone.staged(torch, asked(zip, Role.TEACHER), layers, notice -> {})) {
            assertEquals(layers, teacher.stages().stream().map(Stage::name).toList());
            assertEquals(320, stages(teacher, Optional.empty()).get(0).dimension());
        }
    }

    @Test
    void aHeadOfAnotherFormIsRefusedWithItsShapesAndCanBeLeftOut() {
        Map<String, HostTensor> all = new LinkedHashMap<>();
        StateDict file = Checkpoints.read(zip);
        file.names().stream()
                .filter(name -> name.startsWith("encoder_q"))
                .forEach(name -> all.put(name, file.get(name)));
        all.put("predict_q.module.0.weight", HostTensor.of(new float[3 * 512], 3, 512));
        all.put("predict_q.module.0.bias", HostTensor.of(new float[3], 3));
        all.put("predict_q.module.2.weight", HostTensor.of(new float[2 * 3], 2, 3));
        all.put("predict_q.module.2.bias", HostTensor.of(new float[2], 2));
        Path other = folder.resolve("other.safetensors");
        Safetensors.write(other, StateDict.of(all));
        Backbone.Asked asked = asked(other, Role.STUDENT);
        refused(asked, List.of(), "0 Linear 512 -> 3, 2 Linear 3 -> 2, which is none");
        Backbone.staged(torch, asked, List.of("layer4"), notice -> {}).close();
    }

    @Test
    void whatHasNoStagesOrNoSuchStageIsRefused() {
        refused(asked(zip, Role.STUDENT), List.of("layer5"), "has no layer5; choose of stem, ");
        Backbone.Asked script =
                new Backbone.Asked("torchscript:x.pt", Optional.empty(), Optional.empty());
        refused(script, List.of(), "Can't look into the TorchScript module");
    }

    @Test
    void aTeacherThatIsNotThereIsRefused() {
        Path plain = folder.resolve("plain.safetensors");
        StateDict file = Checkpoints.read(zip);
        Safetensors.write(plain, file.withoutPrefix("encoder_q.module."));
        UserError error =
                assertThrows(
                        UserError.class,
                        () -> Backbone.open(torch, asked(plain, Role.TEACHER), notice -> {}));
        assertTrue(error.getMessage().startsWith("Can't find a teacher in "), error::getMessage);
    }

    @Test
    void theAskedNetworkMustFitTheAskedPart() {
        Backbone.Asked asked =
                new Backbone.Asked(
                        zip.toString(),
                        Optional.of(Network.RESNET50),
                        Optional.empty(),
                        Role.TEACHER,
                        Pixels.IMAGENET);
        UserError error =
                assertThrows(UserError.class, () -> Backbone.open(torch, asked, notice -> {}));
        assertTrue(error.getMessage().contains("they fit mobilenet-v2"), error::getMessage);
        assertEquals(1280, Networks.backbone(Network.MOBILENET_V2).outputs());
    }

    private static void refused(Backbone.Asked asked, List<String> layers, String reason) {
        UserError error =
                assertThrows(
                        UserError.class, () -> Backbone.staged(torch, asked, layers, notice -> {}));
        assertTrue(error.getMessage().contains(reason), error::getMessage);
    }

    private static Backbone.Asked asked(Path file, Role part) {
        return new Backbone.Asked(
                file.toString(),
                Optional.empty(),
                Optional.of(Precision.FLOAT32),
                part,
                Pixels.IMAGENET);
    }

    private static FeatureBank bank(Backbone backbone) {
        try (FeatureSets sets = sets(backbone, Optional.empty())) {
            return sets.val(Course.SILENT);
        }
    }

    private static List<FeatureBank> stages(Backbone backbone, Optional<Path> cache) {
        try (FeatureSets sets = sets(backbone, cache)) {
            return new ArrayList<>(sets.valStages(Course.SILENT));
        }
    }

    private static FeatureSets sets(Backbone backbone, Optional<Path> cache) {
        Splits splits =
                FolderSource.open(
                        SAMPLE,
                        new Subset(2, Optional.empty()),
                        folder.resolve("index"),
                        IndexProgress.SILENT);
        FeatureSets.Settings settings =
                new FeatureSets.Settings(
                        new CentreView(SIZE, SIZE),
                        new LoaderSettings(1, 2, 0),
                        cache,
                        notice -> {});
        return new FeatureSets(torch, backbone, splits, settings);
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
