package org.simreg.worker.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.Dataset;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.Job;
import org.simreg.proto.Network;
import org.simreg.worker.data.dataset.Tars;

/** One job over the same pictures from every kind of source: one SHA-256. */
class SourcesTest {
    private static final List<String> CLASSES = List.of("symbols--arrow", "objects--tool");
    private static final int PICTURES = 6;

    @TempDir
    static Path folder;

    private static Path pictures;
    private static String expected;

    /** Two classes of six pictures as a folder tree. */
    @BeforeAll
    static void train() throws IOException {
        pictures = folder.resolve("pictures");
        for (String name : CLASSES) {
            Path to = Files.createDirectories(pictures.resolve("train").resolve(name));
            List<Path> all = Tars.files(SmallRun.SAMPLE.resolve("train").resolve(name));
            for (Path file : all.subList(0, PICTURES)) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
        expected = sha256(pictures.toString());
    }

    private static String sha256(String... sources) throws IOException {
        Job.Builder job = SmallRun.job(SmallRun.teacher(folder, Network.MOBILENET_V2, 3));
        job.setDataset(Dataset.newBuilder().addAllPath(List.of(sources)));
        job.getOptimizationBuilder().setBatch(4).setEpochs(1);
        Path out = Files.createTempDirectory(folder, "run");
        return SmallRun.whole(job, out).sha256();
    }

    /** Paths below the train folder in an order that no rule would give. */
    private static List<String> shuffled() {
        Path train = pictures.resolve("train");
        List<String> paths = new ArrayList<>(Tars.files(train).stream()
                .map(file -> train.relativize(file).toString())
                .toList());
        Collections.shuffle(paths, new Random(5));
        return paths;
    }

    private static byte[] bytes(String path) throws IOException {
        return Files.readAllBytes(pictures.resolve("train").resolve(path));
    }

    @Test
    void aListOfPathsGivesTheBitsOfTheFolder() throws IOException {
        Path list = pictures.resolve("list.txt");
        Files.write(list, shuffled().stream().map(path -> "train/" + path).toList());
        assertEquals(expected, sha256("list:" + list));
    }

    @Test
    void aTableOfAbsolutePathsAndClassesGivesTheBitsOfTheFolder() throws IOException {
        List<String> lines = new ArrayList<>(List.of("label,\"path\""));
        for (String path : shuffled()) {
            lines.add("%s,\"%s\""
                    .formatted(
                            path.split("/")[0],
                            pictures.resolve("train/" + path).toAbsolutePath()));
        }
        Path list = Files.write(folder.resolve("table.csv"), lines);
        assertEquals(expected, sha256("list:" + list));
    }

    @Test
    void tarsGiveTheBitsOfTheFolder() throws IOException {
        Path shards = Files.createDirectories(folder.resolve("shards"));
        List<String> paths = shuffled();
        for (int shard = 0; shard < 3; shard++) {
            Tars tar = new Tars();
            for (String path : paths.subList(4 * shard, 4 * shard + 4)) {
                tar.add("./train/" + path, bytes(path));
            }
            tar.write(shards.resolve("part-00%d.tar".formatted(shard)));
        }
        String first = "tar:" + shards + "/part-002.tar";
        assertEquals(expected, sha256(first, "tar:" + shards + "/part-{001,000}.tar"));
    }

    @Test
    void webDatasetsClassesGiveTheBitsOfTheFolder() throws IOException {
        Tars tar = new Tars();
        for (String path : shuffled()) {
            tar.add(path, bytes(path));
            tar.add(path.replaceAll("\\.\\w+$", ".cls"), path.split("/")[0] + "\n");
        }
        Path file = tar.write(folder.resolve("web.tar"));
        assertEquals(expected, sha256("tar:" + file));
    }

    @Test
    void aTarOfTarsGivesTheBitsOfTheFolder() throws IOException {
        Tars outer = new Tars();
        for (String name : CLASSES) {
            Path train = pictures.resolve("train").resolve(name);
            outer.add(name + ".tar", new Tars().addAll(train, path -> path).bytes());
        }
        Path file = outer.write(folder.resolve("ILSVRC2012_img_train.tar"));
        assertEquals(expected, sha256("tar:" + file));
    }

    @Test
    void parquetGivesTheBitsOfTheFolder() throws IOException {
        Path files = Path.of("src", "test", "resources", "parquet");
        assertEquals(expected, sha256("parquet:" + files + "/train-*.parquet"));
    }

    private static List<EvaluationDone> measured(Job.Builder job) throws IOException {
        job.addTeachersBuilder().setSource("self");
        SmallRun run = SmallRun.whole(job, Files.createTempDirectory(folder, "run"));
        return run.events().stream()
                .filter(event -> event.hasEvaluation())
                .map(event -> event.getEvaluation())
                .toList();
    }

    private static Job.Builder small(String data) {
        Job.Builder job = SmallRun.job("self")
                .clearTeachers()
                .setDataset(Dataset.newBuilder().addPath(data));
        job.getOptimizationBuilder().setBatch(4).setEpochs(1).setMaxSteps(1);
        job.getEvaluationBuilder().addK(1);
        return job;
    }

    @Test
    void picturesWithoutAValAreEachComparedWithAllOthers() throws IOException {
        List<EvaluationDone> all = measured(small(pictures.toString()));
        double accuracy = all.get(all.size() - 1).getKnn(0).getAccuracy();
        assertTrue(accuracy > 0 && accuracy < 1, all::toString);
        // One of them is its own nearest neighbour otherwise.
        assertTrue(
                all.get(all.size() - 1).getExamplesList().stream()
                        .noneMatch(example ->
                                example.getFile().equals(example.getNeighbors(0).getFile())),
                all::toString);
    }

    @Test
    void accuracyIsMeasuredWithDataOfItsOwn() throws IOException {
        Path unlabelled = pictures.resolve("train").resolve(CLASSES.get(0));
        Job.Builder job = small(unlabelled.toString());
        assertEquals(List.of(), measured(small(unlabelled.toString())));
        Tars tar = new Tars();
        for (String path : shuffled()) {
            tar.add((path.hashCode() % 2 == 0 ? "val/" : "train/") + path, bytes(path));
        }
        job.getEvaluationBuilder().addData("tar:" + tar.write(folder.resolve("labelled.tar")));
        List<EvaluationDone> all = measured(job);
        EvaluationDone last = all.get(all.size() - 1);
        assertTrue(last.getExamples(0).getFile().startsWith("val/"), last::toString);
        assertTrue(last.getExamples(0).getNeighbors(0).getFile().startsWith("train/"), last::toString);
    }

    @Test
    void aFolderAndATarAreOneDataSet() throws IOException {
        Path half = folder.resolve("half");
        Tars other = new Tars();
        for (String path : shuffled()) {
            if (path.hashCode() % 2 == 0) {
                Path to = half.resolve(path);
                Files.createDirectories(to.getParent());
                Files.write(to, bytes(path));
            } else {
                other.add(path, bytes(path));
            }
        }
        Path tar = other.write(folder.resolve("half.tar"));
        assertEquals(expected, sha256("tar:" + tar, half.toString()));
    }
}
