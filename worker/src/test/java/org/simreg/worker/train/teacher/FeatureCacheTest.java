package org.simreg.worker.train.teacher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.simreg.proto.Cache;
import org.simreg.proto.Job;
import org.simreg.proto.JobSettings;
import org.simreg.proto.Network;
import org.simreg.proto.Precision;
import org.simreg.proto.Teacher;
import org.simreg.proto.UserError;
import org.simreg.proto.Views;
import org.simreg.worker.data.storage.WorkerSettings;
import org.simreg.worker.exchange.reduce.LocalReduce;
import org.simreg.worker.exchange.reduce.Reduce;
import org.simreg.worker.train.JobLoader;
import org.simreg.worker.train.LoadedJob;
import org.simreg.worker.train.ModuleStudentTest;
import org.simreg.worker.train.SmallRun;
import org.simreg.worker.train.TrainingLoop;
import org.simreg.worker.weights.format.Safetensors;

/** Tests of kept features: a run that reads them has the bits of one that computes them. */
class FeatureCacheTest {
    private static final Map<Job, String> COMPUTED = new HashMap<>();

    @TempDir
    static Path shared;

    @TempDir
    Path folder;

    private static String teacher;

    @BeforeAll
    static void writeTeacher() {
        teacher = SmallRun.teacher(shared, Network.MOBILENET_V2, 1);
    }

    /** Four micro-batches an epoch, three epochs that show two views. */
    private Job.Builder job(Cache.Format format, String... teachers) {
        Job.Builder job = SmallRun.job(teachers.length == 0 ? new String[] {teacher} : teachers);
        // A small student: it is the teachers' features that are kept.
        job.getStudentBuilder()
                .clearNetwork()
                .setModule(ModuleStudentTest.file("cnn").toString());
        job.getViewsBuilder().setSize(16);
        // BatchNorm over two pictures of one pixel makes large gradients.
        job.getOptimizationBuilder()
                .setBatch(12)
                .setMicroBatches(2)
                .setEpochs(3)
                .setLr(1e-4);
        Cache.Builder cache = job.getCacheBuilder().setViews(2).setPrecision(format);
        if (format != Cache.Format.NONE) {
            cache.setStore(store().toString());
        }
        return job;
    }

    private Job.Builder job(Cache.Format format, Consumer<Job.Builder> change) {
        Job.Builder job = job(format);
        change.accept(job);
        return job;
    }

    private static Consumer<Job.Builder> policy(Views.Policy policy) {
        return job -> job.getViewsBuilder().setPolicy(policy);
    }

    private static Consumer<Job.Builder> microBatches(int count) {
        return job -> job.getOptimizationBuilder().setMicroBatches(count);
    }

    private Path store() {
        return folder.resolve("store");
    }

    private Path file(int teacher) {
        return store().resolve("teacher-" + teacher + ".features");
    }

    private String run(Job.Builder job, String name) {
        return SmallRun.whole(job, folder.resolve(name)).sha256();
    }

    /** The bits of a job that computes its features every time, found once. */
    private String computed(Job.Builder job) {
        return COMPUTED.computeIfAbsent(job.build(), asked -> run(job, "computed"));
    }

    /** The first run fills the store, the second reads it, and neither changes a bit. */
    private String neverDiffers(Consumer<Job.Builder> change) {
        String computed = computed(job(Cache.Format.NONE, change));
        Job.Builder kept = job(Cache.Format.FLOAT32, change);
        assertEquals(computed, run(kept, "filling"));
        assertEquals(computed, run(kept, "reading"));
        assertTrue(Files.exists(file(1)));
        return computed;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4})
    void inAnyNumberOfMicroBatchesItKeepsItsBits(int microBatches) {
        String kept = neverDiffers(microBatches(microBatches));
        Job.Builder fresh = job(Cache.Format.NONE, microBatches(microBatches)).clearCache();
        assertNotEquals(kept, run(fresh, "fresh"), "views that never come again");
    }

    @Test
    void asManyViewsAsEpochsAreTheViewsOfARunWithoutACache() {
        Job.Builder job = job(Cache.Format.FLOAT32);
        job.getCacheBuilder().setViews(3);
        String kept = run(job, "kept");
        assertEquals(run(job.clone().clearCache(), "as ever"), kept);
    }

    @ParameterizedTest
    @EnumSource(
            value = Views.Policy.class,
            names = {"SAME_STRONG", "STRONG_STRONG"})
    void everyPolicyKeepsItsBits(Views.Policy policy) {
        neverDiffers(policy(policy));
    }

    @Test
    void severalTeachersKeepTheirFeaturesEachInItsOwnFile() {
        Path fc = folder.resolve("classifier.safetensors");
        Safetensors.write(fc, SmallRun.classifier(Network.RESNET18, 5, 3));
        Job.Builder none = job(Cache.Format.NONE, teacher, fc.toString());
        Job.Builder kept = job(Cache.Format.FLOAT32, teacher, fc.toString());
        for (Job.Builder job : new Job.Builder[] {none, kept}) {
            job.setPrecision(Precision.BFLOAT16);
            job.getStudentBuilder().clearModule().setNetwork(Network.MOBILENET_V2);
            job.getViewsBuilder().setPolicy(Views.Policy.WEAK_STRONG).setSize(32);
            job.getTeachersBuilder(1)
                    .setNetwork(Network.RESNET18)
                    .setFeature(Teacher.Feature.FC)
                    .setSize(48)
                    .setWeight(0.5);
        }
        String computed = computed(none);
        assertEquals(computed, run(kept, "filling"));
        deleteRows(file(2), 3, 9);
        assertEquals(computed, run(kept, "reading"));
    }

    @Test
    void anInterruptedRunIsResumedToTheSameBitsWhereverItStopped() {
        String computed = computed(job(Cache.Format.NONE));
        Job.Builder kept = job(Cache.Format.FLOAT32);
        Path broken = folder.resolve("broken");
        SmallRun.run(kept, broken, false, SmallRun.commits(1));
        SmallRun.run(kept, broken, true, SmallRun.commits(2));
        kept.getCacheBuilder().setStore(folder.resolve("another").toString());
        SmallRun.run(kept, broken, true, SmallRun.commits(4));
        kept.getCacheBuilder().setPrecision(Cache.Format.NONE).clearStore();
        SmallRun.run(kept, broken, true, SmallRun.commits(5));
        kept.getCacheBuilder().setPrecision(Cache.Format.FLOAT32).setStore(store().toString());
        assertEquals(computed, SmallRun.resumed(kept, broken).sha256());
        kept.getCacheBuilder().setViews(1);
        Job.Builder more = kept;
        assertThrows(UserError.class, () -> SmallRun.resumed(more, broken));
    }

    @Test
    void damagedRowsAreComputedAgainAndMended() {
        for (Views.Policy policy : new Views.Policy[] {Views.Policy.SAME_WEAK, Views.Policy.WEAK_WEAK}) {
            String computed = computed(job(Cache.Format.NONE, policy(policy)));
            Job.Builder kept = job(Cache.Format.FLOAT32, policy(policy));
            assertEquals(computed, run(kept, "filling " + policy));
            byte[] whole = bytes(file(1));
            SplittableRandom random = new SplittableRandom(5);
            for (int i = 0; i < 20; i++) {
                flip(file(1), 4096 + random.nextLong(whole.length - 4096L));
            }
            deleteRows(file(1), 20, 25);
            assertFalse(Arrays.equals(whole, bytes(file(1))));
            assertEquals(computed, run(kept, "mending " + policy));
            assertTrue(Arrays.equals(whole, bytes(file(1))), "all of it is as it was");
        }
    }

    @Test
    void aRowDamagedAfterItsViewWasLeftOutIsComputedFromAViewMadeLate() {
        String computed = computed(job(Cache.Format.NONE, policy(Views.Policy.WEAK_STRONG)));
        Job.Builder kept = job(Cache.Format.FLOAT32, policy(Views.Policy.WEAK_STRONG));
        run(kept, "filling");
        byte[] whole = bytes(file(1));
        try (LoadedJob run = open(kept)) {
            run.start();
            try (Reduce reduce = new LocalReduce(run.scope(), run.student()::newOut)) {
                TrainingLoop loop = SmallRun.loop(run, reduce);
                while (run.committed() < run.plan().steps()) {
                    run.inputs().prepare(run.committed());
                    // The views of the next micro-batches are under way.
                    deleteRows(file(1), 0, 50);
                    loop.step(run.committed());
                }
            }
            assertEquals(computed, run.snapshot().sha256());
        }
        run(kept, "reading");
        assertTrue(Arrays.equals(whole, bytes(file(1))));
    }

    private LoadedJob open(Job.Builder job) {
        return JobLoader.open(JobSettings.complete(job.build()), SmallRun.settings(folder, 1, 1), notice -> {});
    }

    @Test
    void twoWorkersThatShareAStoreEndWithTheBitsOfOne() throws Exception {
        String computed = computed(job(Cache.Format.NONE, microBatches(4)));
        Job.Builder kept = job(Cache.Format.FLOAT32, microBatches(4));
        try (LoadedJob one = open(kept);
                LoadedJob two = open(kept)) {
            one.start();
            two.start();
            try (Reduce reduce = new LocalReduce(one.scope(), one.student()::newOut)) {
                while (one.committed() < one.plan().steps()) {
                    // Now this one has more to do, now the other.
                    int cut = 1 + (int) (one.committed() / 2 % 3);
                    SmallRun.together(one, two, cut, reduce);
                }
            }
            assertEquals(computed, one.snapshot().sha256());
            assertEquals(computed, two.snapshot().sha256());
        }
        assertEquals(computed, run(kept, "reading"));
    }

    @Test
    void aStoreFilledBeforehandInPartsIsReadToTheSameBits() {
        String computed = computed(job(Cache.Format.NONE));
        Job.Builder kept = job(Cache.Format.FLOAT32);
        for (int part = 3; part >= 1; part--) {
            assertTrue(fill(kept, new FeatureFiller.Part(part, 3)));
        }
        byte[] filled = bytes(file(1));
        assertEquals(computed, run(kept, "reading"));
        assertTrue(Arrays.equals(filled, bytes(file(1))), "nothing was left to compute");
        flip(file(1), 5000);
        deleteRows(file(1), 7, 19);
        assertTrue(fill(kept, FeatureFiller.Part.WHOLE));
        assertTrue(Arrays.equals(filled, bytes(file(1))), "what was missing is there again");
    }

    private boolean fill(Job.Builder job, FeatureFiller.Part part) {
        Job whole = JobSettings.complete(job.build());
        WorkerSettings settings = SmallRun.settings(folder, 1, 2);
        try (FeatureFiller fill = FeatureFiller.open(whole, settings, notice -> {})) {
            return fill.fill(part, (done, all) -> assertTrue(done <= all), () -> false);
        }
    }

    @Test
    void aHalfStoreRoundsInTheFirstRunAsInTheSecond() {
        Job.Builder half = job(Cache.Format.FLOAT16);
        String filling = run(half, "filling");
        assertEquals(filling, run(half, "reading"));
        assertNotEquals(computed(job(Cache.Format.NONE)), filling);
    }

    @Test
    void aFixedViewIsTheTeachersOnlyAndTheStudentGoesOnSeeingNewOnes() throws IOException {
        Consumer<Job.Builder> fixed = job -> {
            job.getViewsBuilder().setPolicy(Views.Policy.WEAK_WEAK);
            job.getCacheBuilder().clearViews().setFixed(true);
        };
        String computed = neverDiffers(fixed);
        long row = 4 + 4 * 1280;
        assertEquals(4096 + 25 * row, Files.size(file(1)), "one view of each sample");
        Job.Builder kept = job(Cache.Format.FLOAT32, fixed);
        SmallRun run = SmallRun.whole(kept, folder.resolve("said"));
        assertTrue(
                run.events().stream()
                        .anyMatch(e -> e.getStarted().getDescription().contains("not the same view")),
                run.events().toString());
        kept.setSeed(8);
        assertNotEquals(computed, run(kept, "another seed may read it too"));
    }

    @Test
    void anotherSeedTeacherViewSizeOrBatchIsRefusedInWords() {
        run(job(Cache.Format.FLOAT32), "filling");
        refused(job -> job.setSeed(8), "seed (7 there, 8 asked for)");
        String other = SmallRun.teacher(folder, Network.MOBILENET_V2, 2);
        refused(job -> job.getTeachersBuilder(0).setSource(other), "another teacher file (");
        refused(job -> job.getViewsBuilder().setSize(32), "another view (draw 0 of 16 px");
        refused(job -> job.getViewsBuilder().setMinArea(0.5), "area from 0.2, weak there");
        refused(policy(Views.Policy.SAME_STRONG), "strong, drawn at 16 px asked for");
        refused(
                job -> job.getDatasetBuilder().clearPath().addPath(SmallRun.SAMPLE + "/train/symbols--arrow"),
                "another data set (");
        refused(microBatches(1), "another images at a time (6 there, 12 asked for)");
        refused(job -> job.getCacheBuilder().setPrecision(Cache.Format.FLOAT16), "(float32 there, float16 asked for)");
        refused(job -> job.getCacheBuilder().setViews(3), "views (2 there, 3 asked for)");
        refused(
                job -> job.setPrecision(Precision.BFLOAT16)
                        .getStudentBuilder()
                        .clearModule()
                        .setNetwork(Network.RESNET18),
                "precision (float32 there");
        refused(job -> job.setExact(false), "another numeric profile (libtorch");
        run(job(Cache.Format.FLOAT32).setName("other"), "reading");
        run(job(Cache.Format.FLOAT32, policy(Views.Policy.WEAK_STRONG)), "another for the student");
    }

    private void refused(Consumer<Job.Builder> change, String why) {
        Job.Builder job = job(Cache.Format.FLOAT32, change);
        String message = assertThrows(UserError.class, () -> open(job).close()).getMessage();
        assertTrue(message.contains(why), message);
        assertTrue(message.contains("--cache-store"), message);
        assertTrue(message.contains(file(1).toString()), message);
    }

    private static void deleteRows(Path file, int first, int end) {
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
            int row = file.endsWith("teacher-2.features") ? 4 + 4 * 5 : 4 + 4 * 1280;
            open.seek(4096 + (long) first * row);
            open.write(new byte[(end - first) * row]);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void flip(Path file, long at) {
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
            open.seek(at);
            int old = open.read();
            open.seek(at);
            open.write(old ^ 0x20);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] bytes(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
