package org.simreg.worker.distill;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.Dataset;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.Job;
import org.simreg.proto.Network;
import org.simreg.proto.Pixels;
import org.simreg.proto.Precision;
import org.simreg.proto.Progress;
import org.simreg.proto.UserError;
import org.simreg.worker.checkpoint.RunFiles;
import org.simreg.worker.data.CentreView;
import org.simreg.worker.data.FolderSource;
import org.simreg.worker.data.IndexProgress;
import org.simreg.worker.data.LoaderSettings;
import org.simreg.worker.data.Splits;
import org.simreg.worker.data.Subset;
import org.simreg.worker.embed.Backbone;
import org.simreg.worker.embed.Course;
import org.simreg.worker.embed.FeatureSets;
import org.simreg.worker.evaluate.FeatureBank;
import org.simreg.worker.evaluate.KnnVote;
import org.simreg.worker.evaluate.KnnVote.VotingRule;
import org.simreg.worker.evaluate.NearestNeighbors;
import org.simreg.worker.inspect.FoundNetwork.Role;
import org.simreg.worker.probe.TrainRows;
import org.simreg.worker.reduce.Abandoned;
import org.simreg.worker.torchscript.Torch;

/** Weights from files are evaluated as training evaluates its own. */
class FrozenEvaluationTest {
    private static final int CLASSES = 3;

    @TempDir Path folder;
    private final Torch torch = new Torch("cpu", 1);
    private final List<String> notices = new ArrayList<>();

    @AfterEach
    void closeTorch() {
        torch.close();
    }

    private Splits images() {
        Subset subset = new Subset(CLASSES, Optional.empty());
        return FolderSource.open(
                SmallRun.SAMPLE, subset, folder.resolve("cache"), IndexProgress.SILENT);
    }

    private FeatureSets sets(Backbone backbone, CentreView view, Optional<Path> cache) {
        return new FeatureSets(
                torch,
                backbone,
                images(),
                new FeatureSets.Settings(view, new LoaderSettings(1, 2, 0), cache, notices::add));
    }

    private Backbone open(Path file) {
        return Backbone.open(
                torch,
                new Backbone.Asked(file.toString(), Optional.empty(), Optional.empty()),
                notices::add);
    }

    private double[] accuracies(Path weights, CentreView view) {
        try (Backbone backbone = open(weights);
                FeatureSets sets = sets(backbone, view, Optional.empty())) {
            FeatureBank train = sets.train(Course.SILENT);
            FeatureBank val = sets.val(Course.SILENT);
            KnnVote vote;
            try (NearestNeighbors search = new NearestNeighbors(1)) {
                vote = new KnnVote(search.search(train, val, 20), train.size());
            }
            return Stream.of(1, 20)
                    .mapToDouble(k -> vote.accuracy(val.labels(), VotingRule.majority(k)))
                    .toArray();
        }
    }

    @Test
    void anExportedStudentScoresWhatItsRunPrinted() {
        Path run = folder.resolve("run");
        Job.Builder job =
                SmallRun.job(SmallRun.teacher(folder, Network.MOBILENET_V2, 5))
                        .setDataset(
                                Dataset.newBuilder()
                                        .setPath(SmallRun.SAMPLE.toString())
                                        .setLimitClasses(CLASSES));
        job.getOptimizationBuilder().setEpochs(1).setMaxSteps(3);
        SmallRun done = SmallRun.exported(job, run);
        EvaluationDone printed =
                done.events().stream()
                        .filter(Progress::hasEvaluation)
                        .map(Progress::getEvaluation)
                        .filter(evaluation -> evaluation.getSubject().equals("student"))
                        .findFirst()
                        .orElseThrow();
        double[] expected =
                printed.getKnnList().stream().mapToDouble(k -> k.getAccuracy()).toArray();
        Job asRun = RunFiles.job(RunFiles.weights(run)).orElseThrow();
        CentreView view =
                new CentreView(asRun.getEvaluation().getResize(), asRun.getViews().getSize());
        assertArrayEquals(expected, accuracies(run, view), "by its run folder");
        for (String file : List.of("safetensors", "pth", "torchscript.pt")) {
            Path exported = run.resolve("student").resolve("mobilenet-v2." + file);
            assertArrayEquals(expected, accuracies(exported, view), file);
        }
        assertEquals(List.of(), notices);
    }

    private Path weights(Network network) {
        return Path.of(SmallRun.teacher(folder, network, 2));
    }

    @Test
    void featuresThatWereKeptAreTheBitsThatWereComputed() throws IOException {
        Path cache = folder.resolve("features");
        CentreView view = new CentreView(36, 32);
        try (Backbone backbone = open(weights(Network.MOBILENET_V2));
                FeatureSets fresh = sets(backbone, view, Optional.empty());
                FeatureSets keeping = sets(backbone, view, Optional.of(cache));
                FeatureSets other = sets(backbone, new CentreView(40, 32), Optional.of(cache))) {
            FeatureBank expected = fresh.train(Course.SILENT);
            same(expected, keeping.train(Course.SILENT));
            List<Path> files = files(cache);
            assertEquals(1, files.size());
            same(expected, keeping.train(Course.SILENT));
            assertEquals(files, files(cache));
            FeatureBank another = other.train(Course.SILENT);
            assertEquals(2, files(cache).size());
            assertFalse(java.util.Arrays.equals(expected.row(0), another.row(0)));
        }
    }

    private static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }

    private static void same(FeatureBank expected, FeatureBank found) {
        assertEquals(expected.size(), found.size());
        assertArrayEquals(expected.labels(), found.labels());
        for (int row = 0; row < expected.size(); row++) {
            assertArrayEquals(expected.row(row), found.row(row));
            assertEquals(expected.id(row), found.id(row));
        }
    }

    @Test
    void everyEpochOfAnAugmentedProbeSeesOtherViewsInItsOwnOrder() {
        try (Backbone backbone = open(weights(Network.MOBILENET_V2));
                FeatureSets sets = sets(backbone, new CentreView(36, 32), Optional.empty())) {
            TrainRows rows = TrainRows.augmented(sets, 0.08);
            float[] first = rows(rows, 0, 9, 4);
            float[] swapped = rows(rows, 0, 4, 9);
            float[] second = rows(rows, 1, 9, 4);
            int width = first.length / 2;
            for (int d = 0; d < width; d++) {
                assertEquals(first[d], swapped[width + d], 1e-6);
            }
            double length = 0;
            double change = 0;
            for (int d = 0; d < width; d++) {
                length += first[d] * first[d];
                change = Math.max(change, Math.abs(first[d] - second[d]));
            }
            assertEquals(1, length, 1e-5);
            assertTrue(change > 1e-4, "largest change " + change);
        }
    }

    private static float[] rows(TrainRows source, int epoch, int... ids) {
        List<float[]> taken = new ArrayList<>();
        source.epoch(epoch, ids, Course.SILENT, (values, part, labels) -> taken.add(values));
        assertEquals(1, taken.size());
        return taken.get(0);
    }

    @Test
    void aPassThatIsGivenUpKeepsNothing() {
        Path cache = folder.resolve("features");
        try (Backbone backbone = open(weights(Network.MOBILENET_V2));
                FeatureSets sets = sets(backbone, new CentreView(36, 32), Optional.of(cache))) {
            Course stopping = Course.until(() -> true);
            assertThrows(Abandoned.class, () -> sets.val(stopping));
            assertFalse(Files.exists(cache));
        }
    }

    @Test
    void weightsOfTwoNetworksAlikeAreTakenAsTheUsualOneWithANotice() {
        try (Backbone backbone = open(weights(Network.RESNET50))) {
            assertEquals("resnet50", backbone.identity().network());
            assertEquals(Precision.FLOAT32, backbone.identity().precision());
        }
        assertEquals(1, notices.size());
        assertTrue(notices.get(0).contains("resnet50 and resnet50-byol"), notices.get(0));
    }

    @Test
    void pixelsOfAnotherKindAreAnotherNetworkWithAFeatureFileOfItsOwn() {
        Path weights = weights(Network.MOBILENET_V2);
        Path cache = folder.resolve("kinds");
        CentreView view = new CentreView(36, 32);
        Backbone.Asked unit =
                new Backbone.Asked(
                        weights.toString(),
                        Optional.empty(),
                        Optional.empty(),
                        Role.STUDENT,
                        Pixels.UNIT);
        try (Backbone usual = open(weights);
                Backbone other = Backbone.open(torch, unit, notices::add);
                FeatureSets first = sets(usual, view, Optional.of(cache));
                FeatureSets second = sets(other, view, Optional.of(cache))) {
            assertEquals("mobilenet-v2, pixels unit", other.identity().network());
            float[] seen = row(first.val(Course.SILENT));
            float[] seenOtherwise = row(second.val(Course.SILENT));
            assertFalse(Arrays.equals(seen, seenOtherwise));
            assertArrayEquals(seenOtherwise, row(second.val(Course.SILENT)), "from its file");
        }
    }

    private static float[] row(FeatureBank bank) {
        return bank.row(0);
    }

    @Test
    void aFileWithoutAKnownNetworkAndAFolderWithoutARunAreRefused() throws IOException {
        Path fixture = Path.of("src/test/resources/checkpoints/features.safetensors");
        UserError unknown = assertThrows(UserError.class, () -> open(fixture));
        assertTrue(
                unknown.getMessage().contains("Can't recognise a network in"),
                unknown.getMessage());
        UserError empty = assertThrows(UserError.class, () -> open(folder));
        assertTrue(empty.getMessage().contains("checkpoints/step-"), empty.getMessage());
    }
}
