package org.simreg.worker.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.Job;
import org.simreg.proto.Network;

/** However many members share an evaluation, and whatever becomes of them, it gives the numbers of one alone. */
@Timeout(180)
class SharedEvaluationTest {
    private static final int CLASSES = 6;
    private static final int BATCH = 64;

    @TempDir
    static Path shared;

    @TempDir
    Path folder;

    private static Path pictures;
    private static String teacher;

    /** What one member alone measures of the pictures with the frozen teacher. */
    private static OneJob.Ended alone;

    @BeforeAll
    static void write() throws Exception {
        teacher = SmallRun.teacher(shared, Network.MOBILENET_V2, 1);
        pictures = copy(shared.resolve("pictures"));
        alone = alone(shared, pictures, teacher);
    }

    private static Path copy(Path to) throws IOException {
        for (String part : List.of("train", "val")) {
            for (Path file : files(SmallRun.SAMPLE.resolve(part))) {
                Path copy = to.resolve(SmallRun.SAMPLE.relativize(file));
                Files.createDirectories(copy.getParent());
                Files.copy(file, copy);
            }
        }
        return to;
    }

    /** Of the first classes, in the order of ids. */
    private static List<Path> files(Path part) throws IOException {
        Set<String> names;
        try (Stream<Path> classes = Files.list(part)) {
            names = classes.map(path -> path.getFileName().toString())
                    .sorted()
                    .limit(CLASSES)
                    .collect(Collectors.toSet());
        }
        try (Stream<Path> all = Files.walk(part)) {
            return all.filter(Files::isRegularFile)
                    .filter(file ->
                            names.contains(file.getParent().getFileName().toString()))
                    .sorted()
                    .toList();
        }
    }

    /** Two steps, with evaluations before the first and after the last. */
    private static Job.Builder job(Path data, String teacher) {
        Job.Builder job = SmallRun.job(teacher);
        job.getDatasetBuilder().clearPath().addPath(data.toString());
        job.getOptimizationBuilder()
                .setBatch(12)
                .setMicroBatches(3)
                .setMaxSteps(2)
                .setEmaDecay(0.9);
        job.getEvaluationBuilder().setResize(32);
        return job;
    }

    private OneJob members(Path data, String teacher, int count) {
        return new OneJob(
                folder,
                IntStream.range(0, count).mapToObj(rank -> job(data, teacher)).toList());
    }

    private static OneJob.Ended alone(Path folder, Path data, String teacher) throws Exception {
        try (OneJob one = new OneJob(folder, List.of(job(data, teacher)))) {
            return one.run(Set.of(), 0).get(0);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"frozen", "self"})
    void oneTwoAndThreeMembersGetTheSameNumbers(String kind) throws Exception {
        boolean self = kind.equals("self");
        String source = self ? "self" : teacher;
        OneJob.Ended expected = self ? alone(folder, pictures, source) : alone;
        List<String> subjects =
                expected.measured().stream().map(EvaluationDone::getSubject).toList();
        assertEquals(
                self
                        ? List.of("student at random", "student", "student average")
                        : List.of("student at random", "teacher", "student", "student average"),
                subjects);
        assertTrue(expected.measured().get(subjects.indexOf("student")).getExamplesCount() > 0);
        for (int count = 2; count <= 3; count++) {
            try (OneJob several = members(pictures, source, count)) {
                List<OneJob.Ended> ended =
                        several.run(Set.of(), IntStream.range(0, count).toArray());
                assertEquals(expected.measured(), ended.get(0).measured(), count + " members");
                for (OneJob.Ended one : ended) {
                    assertEquals(expected.sha256(), one.sha256());
                    assertEquals("", one.abandoned());
                }
            }
        }
    }

    @Test
    void eachEmbedsItsOwnBatchesAndTheOneThatLeadsAtMostWhatCameTooLate() throws Exception {
        List<Path> val = files(pictures.resolve("val"));
        assertTrue(val.size() > 2 * BATCH, val.size() + " images");
        try (OneJob three = members(pictures, teacher, 3)) {
            List<OneJob.Ended> ended = three.run(Set.of(), 0, 1, 2);
            for (int rank = 0; rank < 3; rank++) {
                Set<String> expected = new TreeSet<>();
                for (int i = 0; i < val.size(); i++) {
                    if (i / BATCH % 3 == rank) {
                        expected.add(val.get(i).toString());
                    }
                }
                Set<String> decoded = ended.get(rank).decoded().stream()
                        .filter(file -> file.contains("/val/"))
                        .collect(Collectors.toCollection(TreeSet::new));
                if (rank == 0) {
                    assertTrue(decoded.containsAll(expected));
                    assertTrue(decoded.size() < val.size(), "the others have done nothing");
                } else {
                    assertTrue(expected.containsAll(decoded), "rank " + rank);
                }
            }
        }
    }

    @Test
    void aMemberThatHangsIsNotWaitedForAndChangesNothing() throws Exception {
        CountDownLatch measured = new CountDownLatch(2);
        try (OneJob three = members(pictures, teacher, 3)) {
            three.decoding((rank, file) -> {
                if (rank == 1 && file.contains("/val/")) {
                    await(measured);
                }
            });
            three.measured(done -> measured.countDown());
            List<OneJob.Ended> ended = three.run(Set.of(), 0, 1, 2);
            assertEquals(alone.measured(), ended.get(0).measured());
            assertEquals(alone.sha256(), ended.get(1).sha256());
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            assertTrue(latch.await(60, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void aMemberThatIsLostInTheMiddleIsDoneWithoutAndTheNextGenerationEndsTheSame() throws Exception {
        try (OneJob three = members(pictures, teacher, 3)) {
            three.decoding((rank, file) -> {
                if (rank == 2 && file.contains("/val/")) {
                    three.lose(2);
                }
            });
            List<OneJob.Ended> first = three.run(Set.of(), 0, 1, 2);
            assertEquals(alone.measured().subList(0, 2), first.get(0).measured());
            assertFalse(first.get(0).abandoned().isEmpty(), "no step without it");
            three.decoding((rank, file) -> {});
            List<OneJob.Ended> second = three.run(first.get(0).known(), 0, 1);
            assertEquals(alone.measured().subList(2, 4), second.get(0).measured());
            assertEquals(alone.sha256(), second.get(0).sha256());
            assertEquals(alone.sha256(), second.get(1).sha256());
        }
    }

    @Test
    void whenTheOneThatLeadsIsLostTheOthersMeasureAgain() throws Exception {
        try (OneJob three = members(pictures, teacher, 3)) {
            Set<Integer> lost = new HashSet<>();
            three.decoding((rank, file) -> {
                if (rank == 0 && file.contains("/val/") && lost.add(0)) {
                    three.halt(0);
                    three.lose(0);
                }
            });
            List<OneJob.Ended> first = three.run(Set.of(), 0, 1, 2);
            assertEquals(List.of(), first.get(0).measured());
            first.forEach(one -> assertFalse(one.abandoned().isEmpty()));
            List<OneJob.Ended> second = three.run(Set.of(), 1, 2);
            assertEquals(alone.measured(), second.get(0).measured());
            assertEquals(alone.sha256(), second.get(1).sha256());
        }
    }

    @Test
    void aHaltEndsWhatAMemberThatWaitsForTheOneThatLeadsDoes() throws Exception {
        CountDownLatch halted = new CountDownLatch(1);
        try (OneJob two = members(pictures, teacher, 2)) {
            two.decoding((rank, file) -> {
                if (rank == 0 && file.contains("/val/")) {
                    two.halt(1);
                    await(halted);
                }
            });
            two.ended(rank -> {
                two.halt(0);
                halted.countDown();
            });
            List<OneJob.Ended> ended = two.run(Set.of(), 0, 1);
            assertFalse(ended.get(1).abandoned().isEmpty());
        }
    }

    @Test
    void picturesThatCantBeReadAreLeftOutAlike() throws Exception {
        Path damaged = copy(folder.resolve("damaged"));
        List<Path> val = files(damaged.resolve("val"));
        List<Path> train = files(damaged.resolve("train"));
        for (Path file : List.of(val.get(3), val.get(BATCH + 5), val.get(2 * BATCH + 1), train.get(BATCH + 7))) {
            Files.writeString(file, "no picture");
        }
        OneJob.Ended expected = alone(folder, damaged, teacher);
        try (OneJob three = members(damaged, teacher, 3)) {
            List<OneJob.Ended> ended = three.run(Set.of(), 0, 1, 2);
            assertEquals(expected.measured(), ended.get(0).measured());
            assertEquals(left(expected), left(ended.get(0)));
            assertEquals(expected.sha256(), ended.get(2).sha256());
        }
    }

    private static List<String> left(OneJob.Ended one) {
        List<String> said =
                one.notices().stream().filter(n -> n.contains(" are left out")).toList();
        assertFalse(said.isEmpty());
        return said;
    }

    @Test
    void aMemberWithOtherPicturesComputesNothingThatCounts() throws Exception {
        Path less = copy(folder.resolve("less"));
        Files.delete(files(less.resolve("val")).get(0));
        try (OneJob two = new OneJob(folder, List.of(job(pictures, teacher), job(less, teacher)))) {
            List<OneJob.Ended> ended = two.run(Set.of(), 0, 1);
            assertEquals(alone.measured(), ended.get(0).measured());
            assertEquals(alone.sha256(), ended.get(1).sha256());
        }
    }
}
