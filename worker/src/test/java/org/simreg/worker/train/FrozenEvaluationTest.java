package org.simreg.worker.train;

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
import org.simreg.proto.Interpolation;
import org.simreg.proto.Job;
import org.simreg.proto.Network;
import org.simreg.proto.NetworkCost;
import org.simreg.proto.Pixels;
import org.simreg.proto.Precision;
import org.simreg.proto.Progress;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.Abandoned;
import org.simreg.worker.base.concurrent.ProgressMonitor;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.folder.FolderSource;
import org.simreg.worker.data.loader.BatchLoader;
import org.simreg.worker.data.view.ViewRecipe;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.features.embed.FeatureSets;
import org.simreg.worker.features.embed.FrozenBackbone;
import org.simreg.worker.features.knn.FeatureBank;
import org.simreg.worker.features.knn.KnnVote;
import org.simreg.worker.features.knn.KnnVote.VotingRule;
import org.simreg.worker.features.knn.NearestNeighbors;
import org.simreg.worker.features.probe.ProbeRows;
import org.simreg.worker.network.ComputeCost;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.weights.checkpoint.RunWeights;
import org.simreg.worker.weights.checkpoint.TowerFixture;
import org.simreg.worker.weights.format.Safetensors;
import org.simreg.worker.weights.part.PartRequest;

/** Tests that weights from files are evaluated as training evaluates its own. */
class FrozenEvaluationTest {
    private static final int CLASSES = 3;

    @TempDir
    Path folder;

    private final Torch torch = new Torch("cpu", 1);
    private final List<String> notices = new ArrayList<>();

    @AfterEach
    void closeTorch() {
        torch.close();
    }

    private ImageDataset images() {
        ImageDataset.Subset subset = new ImageDataset.Subset(CLASSES, Optional.empty());
        return FolderSource.open(
                SmallRun.SAMPLE, subset, folder.resolve("cache"), ImageDataset.IndexProgress.SILENT, note -> {});
    }

    private FeatureSets sets(FrozenBackbone backbone, ViewRecipe.CentreView view, Optional<Path> cache) {
        return new FeatureSets(
                torch,
                backbone,
                images(),
                new FeatureSets.Settings(view, new BatchLoader.Settings(1, 2, 0), cache, notices::add));
    }

    private FrozenBackbone open(Path file) {
        return FrozenBackbone.open(
                torch, new FrozenBackbone.Request(file.toString(), Optional.empty(), Optional.empty()), notices::add);
    }

    private double[] accuracies(Path weights, ViewRecipe.CentreView view) {
        try (FrozenBackbone backbone = open(weights);
                FeatureSets sets = sets(backbone, view, Optional.empty())) {
            FeatureBank train = sets.train(ProgressMonitor.SILENT);
            FeatureBank val = sets.val(ProgressMonitor.SILENT);
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
        Job.Builder job = SmallRun.job(SmallRun.teacher(folder, Network.MOBILENET_V2, 5))
                .setDataset(
                        Dataset.newBuilder().addPath(SmallRun.SAMPLE.toString()).setLimitClasses(CLASSES));
        job.getOptimizationBuilder().setEpochs(1).setMaxSteps(3);
        SmallRun done = SmallRun.exported(job, run);
        EvaluationDone printed = done.events().stream()
                .filter(Progress::hasEvaluation)
                .map(Progress::getEvaluation)
                .filter(evaluation -> evaluation.getSubject().equals("student"))
                .findFirst()
                .orElseThrow();
        NetworkGraph backbone = Networks.backbone(Network.MOBILENET_V2);
        NetworkCost cost = printed.getCost();
        assertEquals(backbone.parameterCount(), cost.getParameters());
        assertEquals(2 * ComputeCost.multiplications(backbone, job.getViews().getSize()), cost.getFlop());
        assertTrue(cost.getImagesPerSecond() > 0, "" + cost);
        double[] expected =
                printed.getKnnList().stream().mapToDouble(k -> k.getAccuracy()).toArray();
        Job asRun = RunWeights.job(RunWeights.weights(run)).orElseThrow();
        ViewRecipe.CentreView view = new ViewRecipe.CentreView(
                asRun.getEvaluation().getResize(), asRun.getViews().getSize());
        assertArrayEquals(expected, accuracies(run, view), "by its run folder");
        for (String file : List.of("safetensors", "pth", "torchscript.pt")) {
            Path exported = run.resolve("student").resolve("mobilenet-v2." + file);
            assertArrayEquals(expected, accuracies(exported, view), file);
        }
        assertEquals(3, notices.size(), notices + ": one for each file, none for the run");
        notices.forEach(notice -> assertTrue(notice.endsWith("are taken as mobilenet-v2"), notice));
    }

    @Test
    void aRunIsToldOfEachImageOfValThatCantBeRead() throws IOException {
        Path data = folder.resolve("data");
        for (String part : List.of("train", "val")) {
            try (Stream<Path> all = Files.list(SmallRun.SAMPLE.resolve(part))) {
                for (Path one : all.sorted().limit(2).toList()) {
                    Path to = Files.createDirectories(data.resolve(part).resolve(one.getFileName()));
                    try (Stream<Path> images = Files.list(one)) {
                        for (Path image : images.sorted().limit(8).toList()) {
                            Files.copy(image, to.resolve(image.getFileName()));
                        }
                    }
                    for (int i = 0; i < 5 && part.equals("val"); i++) {
                        Files.writeString(to.resolve("broken" + i + ".png"), "no picture");
                    }
                }
            }
        }
        Job.Builder job = SmallRun.job(SmallRun.teacher(folder, Network.MOBILENET_V2, 5))
                .setDataset(Dataset.newBuilder().addPath(data.toString()));
        job.getOptimizationBuilder().setEpochs(1).setMaxSteps(1);
        long told = SmallRun.whole(job, folder.resolve("run")).events().stream()
                .filter(Progress::hasNotice)
                .map(event -> event.getNotice().getText())
                .filter(text -> text.contains("/broken"))
                .count();
        assertEquals(10, told, "more than the few that people are told of by eval and embed");
    }

    private Path weights(Network network) {
        return Path.of(SmallRun.teacher(folder, network, 2));
    }

    @Test
    void featuresThatWereKeptAreTheBitsThatWereComputed() throws IOException {
        Path cache = folder.resolve("features");
        ViewRecipe.CentreView view = new ViewRecipe.CentreView(36, 32);
        try (FrozenBackbone backbone = open(weights(Network.MOBILENET_V2));
                FeatureSets fresh = sets(backbone, view, Optional.empty());
                FeatureSets keeping = sets(backbone, view, Optional.of(cache));
                FeatureSets other = sets(backbone, new ViewRecipe.CentreView(40, 32), Optional.of(cache))) {
            FeatureBank expected = fresh.train(ProgressMonitor.SILENT);
            same(expected, keeping.train(ProgressMonitor.SILENT));
            List<Path> files = files(cache);
            assertEquals(1, files.size());
            same(expected, keeping.train(ProgressMonitor.SILENT));
            assertEquals(files, files(cache));
            FeatureBank another = other.train(ProgressMonitor.SILENT);
            assertEquals(2, files(cache).size());
            assertFalse(Arrays.equals(expected.row(0), another.row(0)));
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
        try (FrozenBackbone backbone = open(weights(Network.MOBILENET_V2));
                FeatureSets sets = sets(backbone, new ViewRecipe.CentreView(36, 32), Optional.empty())) {
            ProbeRows rows = ProbeRows.augmented(sets, 0.08);
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

    private static float[] rows(ProbeRows source, int epoch, int... ids) {
        List<float[]> taken = new ArrayList<>();
        source.epoch(epoch, ids, ProgressMonitor.SILENT, (values, part, labels) -> taken.add(values));
        assertEquals(1, taken.size());
        return taken.get(0);
    }

    @Test
    void aPassThatIsGivenUpKeepsNothing() {
        Path cache = folder.resolve("features");
        try (FrozenBackbone backbone = open(weights(Network.MOBILENET_V2));
                FeatureSets sets = sets(backbone, new ViewRecipe.CentreView(36, 32), Optional.of(cache))) {
            ProgressMonitor stopping = ProgressMonitor.until(() -> true);
            assertThrows(Abandoned.class, () -> sets.val(stopping));
            assertFalse(Files.exists(cache));
        }
    }

    @Test
    void weightsOfTwoNetworksAlikeAreTakenAsTheUsualOneWithANotice() {
        try (FrozenBackbone backbone = open(weights(Network.RESNET50))) {
            assertEquals("resnet50", backbone.identity().network());
            assertEquals(Precision.FLOAT32, backbone.identity().precision());
        }
        assertEquals(1, notices.size());
        assertTrue(
                notices.get(0).contains("taken as resnet50, which has the names and shapes of resnet50-byol too"),
                notices.get(0));
    }

    @Test
    void weightsThatAreNoFiniteNumbersAreRefused() {
        Path file = SmallRun.notANumber(folder, Network.RESNET18);
        String refused = assertThrows(UserError.class, () -> open(file)).getMessage();
        assertEquals(
                "Can't use the weights of " + file
                        + ": bn1.weight holds a NaN or an infinity, so its training went wrong; give another checkpoint",
                refused);
    }

    @Test
    void pixelsOfAnotherKindAreAnotherNetworkWithAFeatureFileOfItsOwn() {
        Path weights = weights(Network.MOBILENET_V2);
        Path cache = folder.resolve("kinds");
        ViewRecipe.CentreView view = new ViewRecipe.CentreView(36, 32);
        FrozenBackbone.Request unit =
                request(weights, new FrozenBackbone.Ends(Optional.of(Pixels.UNIT), Optional.empty(), ""));
        try (FrozenBackbone usual = open(weights);
                FrozenBackbone other = FrozenBackbone.open(torch, unit, notices::add);
                FeatureSets first = sets(usual, view, Optional.of(cache));
                FeatureSets second = sets(other, view, Optional.of(cache))) {
            assertEquals("mobilenet-v2, pixels unit", other.identity().network());
            float[] seen = row(first.val(ProgressMonitor.SILENT));
            float[] seenOtherwise = row(second.val(ProgressMonitor.SILENT));
            assertFalse(Arrays.equals(seen, seenOtherwise));
            assertArrayEquals(seenOtherwise, row(second.val(ProgressMonitor.SILENT)), "from its file");
        }
    }

    @Test
    void aTransformerSeesItsOwnPixelsAndGivesTheTokensAskedFor() {
        Path weights = folder.resolve("vit.safetensors");
        TowerFixture tower = TowerFixture.read("timm-vit-ti16-96");
        Safetensors.write(weights, tower.file(tower.depth()));
        FrozenBackbone.Ends both =
                new FrozenBackbone.Ends(Optional.of(Pixels.HALF), Optional.of(Interpolation.BILINEAR), "cls+mean");
        try (FrozenBackbone own = open(weights);
                FrozenBackbone tokens = FrozenBackbone.open(torch, request(weights, both), notices::add);
                FeatureSets first = sets(own, new ViewRecipe.CentreView(36, 32), Optional.empty());
                FeatureSets second = sets(tokens, new ViewRecipe.CentreView(36, 32), Optional.empty())) {
            assertEquals("vit-ti16, pixels half", own.identity().network());
            assertEquals("vit-ti16 cls+mean, pixels half", tokens.identity().network());
            String said = " sees its pixels as vit-ti16 was trained, half; --pixels can say otherwise";
            assertEquals(
                    List.of(weights + said),
                    notices.stream().filter(n -> n.endsWith(said)).toList());
            assertEquals(Interpolation.BICUBIC, own.interpolation());
            assertEquals(Interpolation.BILINEAR, tokens.interpolation());
            String resized =
                    " sees bicubic images, as the publishers of vit-ti16 evaluate it; --interpolation can say otherwise";
            assertEquals(
                    1, notices.stream().filter(n -> n.equals(weights + resized)).count(), notices::toString);
            float[] seen = row(first.val(ProgressMonitor.SILENT));
            float[] beside = row(second.val(ProgressMonitor.SILENT));
            assertEquals(2 * seen.length, beside.length);
            // Rows have unit length.
            assertEquals(seen[1] / seen[0], beside[1] / beside[0], 1e-4 * Math.abs(seen[1] / seen[0]));
        }
        FrozenBackbone.Request pooled = request(
                weights(Network.MOBILENET_V2), new FrozenBackbone.Ends(Optional.empty(), Optional.empty(), "mean"));
        UserError refused = assertThrows(UserError.class, () -> FrozenBackbone.open(torch, pooled, notices::add));
        assertTrue(refused.getMessage().startsWith("--output: mobilenet-v2 has no mean: its feature"));
    }

    private static FrozenBackbone.Request request(Path weights, FrozenBackbone.Ends ends) {
        return new FrozenBackbone.Request(
                weights.toString(), Optional.empty(), Optional.empty(), PartRequest.ANY, ends);
    }

    private static float[] row(FeatureBank bank) {
        return bank.row(0);
    }

    @Test
    void aFileWithoutAKnownNetworkAndAFolderWithoutARunAreRefused() throws IOException {
        Path fixture = Path.of("src/test/resources/checkpoints/features.safetensors");
        UserError unknown = assertThrows(UserError.class, () -> open(fixture));
        assertTrue(unknown.getMessage().contains("Can't recognise a network in"), unknown.getMessage());
        UserError empty = assertThrows(UserError.class, () -> open(folder));
        assertTrue(empty.getMessage().contains("checkpoints/step-"), empty.getMessage());
    }
}
