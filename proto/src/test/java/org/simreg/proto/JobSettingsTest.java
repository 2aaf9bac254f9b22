package org.simreg.proto;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.InvalidProtocolBufferException;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JobSettingsTest {
    private static final int SEEDS = Integer.getInteger("simreg.test.fuzz", 400);

    static Job.Builder smallest() {
        Job.Builder job = Job.newBuilder();
        job.getDatasetBuilder().clearPath().addPath("pictures/emoji");
        job.addTeachersBuilder().setSource("moco.pth.tar");
        return job;
    }

    static Job.Builder withSelf() {
        Job.Builder job = smallest();
        job.getTeachersBuilder(0).setSource("self");
        return job;
    }

    static String refusal(Consumer<Job.Builder> change) {
        return refusalOf(smallest(), change);
    }

    @Test
    void aTeachersOutputIsAWordForItsTokensAndNoneWithFc() {
        assertSays(
                refusal(job -> job.getTeachersBuilder(0).setOutput("patches")),
                "teachers[0].output (--teacher-output): 'patches' is none of cls, mean, cls+mean");
        assertSays(
                refusal(job -> job.getTeachersBuilder(0).setOutput("mean").setFeature(Teacher.Feature.FC)),
                "mean does not go with the feature fc; leave one of them out");
    }

    static String refusalOf(Job.Builder job, Consumer<Job.Builder> change) {
        change.accept(job);
        return assertThrows(UserError.class, () -> JobSettings.complete(job.build()))
                .getMessage();
    }

    static void assertSays(String message, String... parts) {
        assertAll(List.of(parts).stream().map(part -> () -> assertTrue(message.contains(part), message)));
    }

    /** Whatever a client's bytes say, if they are a message at all: it is completed, or refused in sentences. */
    @Test
    void aJobOfRandomBytesIsCompletedOrRefused() {
        byte[] whole = JobSettings.complete(smallest().build()).toByteArray();
        int completed = 0;
        int refused = 0;
        for (int seed = 0; seed < SEEDS; seed++) {
            Random random = new Random(seed);
            byte[] bytes = whole.clone();
            for (int i = 1 + random.nextInt(4); i > 0; i--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            try {
                JobSettings.complete(Job.parseFrom(bytes));
                completed++;
            } catch (InvalidProtocolBufferException e) {
                continue;
            } catch (UserError e) {
                refused++;
                String sentences = e.getMessage().replace("\n", "");
                assertEquals(Printable.text(sentences), sentences, "seed " + seed);
            } catch (RuntimeException e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
        assertTrue(completed >= 10 && refused >= 10, completed + " completed, " + refused + " refused");
    }

    @Test
    void aNameWithATabIsShownWithoutIt() {
        UserError refused = assertThrows(
                UserError.class,
                () -> JobSettings.complete(smallest().setName("r\tsnet").build()));
        assertTrue(refused.getMessage().contains("'r?snet' can't name files"), refused.getMessage());
    }

    @Test
    void aJobOfDataAndTeacherIsThePapersRecipe() {
        Job job = JobSettings.complete(smallest().build());
        assertEquals("resnet18-emoji", job.getName());
        assertEquals("runs/resnet18-emoji", job.getCheckpoints().getOutput());
        assertEquals(Network.AUTO, job.getTeachers(0).getNetwork());
        assertEquals(Head.Form.RELEASED, job.getHead().getForm());
        assertEquals(4, job.getHead().getLayers());
        assertEquals(Views.Policy.SAME_WEAK, job.getViews().getPolicy());
        assertEquals(130, job.getOptimization().getEpochs());
        assertEquals(256, job.getOptimization().getBatch());
        assertEquals(4, job.getOptimization().getMicroBatches());
        assertEquals(0.05, job.getOptimization().getLr());
        assertEquals(1e-4, job.getOptimization().getWeightDecay());
        assertEquals(List.of(1, 20), job.getEvaluation().getKList());
        assertEquals(256, job.getEvaluation().getResize());
        assertTrue(job.getExact());
        assertFalse(job.hasMomentumTeacher());
    }

    @Test
    void completingACompletedJobChangesNothing() {
        Job.Builder linear = smallest();
        linear.getHeadBuilder().setForm(Head.Form.LINEAR);
        Job.Builder script = smallest();
        script.getTeachersBuilder(0).setSource("torchscript:dino.pt");
        for (Job.Builder asked : List.of(smallest(), withSelf(), linear, script)) {
            Job once = JobSettings.complete(asked.build());
            assertEquals(once, JobSettings.complete(once));
        }
    }

    @Test
    void whatIsAskedForIsKept() {
        Job.Builder asked = smallest().setSeed(7).setName("mine").setExact(false);
        asked.getOptimizationBuilder().setLr(0).setMicroBatches(2);
        asked.getEvaluationBuilder().addK(5).setEveryEpochs(0);
        Job job = JobSettings.complete(asked.build());
        assertEquals(7, job.getSeed());
        assertEquals("runs/mine", job.getCheckpoints().getOutput());
        assertFalse(job.getExact());
        assertEquals(0, job.getOptimization().getLr());
        assertEquals(2, job.getOptimization().getMicroBatches());
        assertEquals(List.of(5), job.getEvaluation().getKList());
        assertEquals(0, job.getEvaluation().getEveryEpochs());
    }

    @ParameterizedTest
    @CsvSource({"2,1", "64,1", "127,1", "128,2", "200,2", "251,1", "256,4", "1000,10", "4096,64"})
    void aBatchIsCutInEqualPartsOfAtLeastSixtyFour(int batch, int parts) {
        Job.Builder asked = smallest();
        asked.getOptimizationBuilder().setBatch(batch);
        Job job = JobSettings.complete(asked.build());
        assertEquals(parts, job.getOptimization().getMicroBatches());
    }

    @ParameterizedTest
    @CsvSource({"224,256", "64,73", "32,37", "96,110", "8,9", "1024,1170"})
    void theEvaluationViewKeepsTheMarginOfThePaper(int size, int resize) {
        Job.Builder asked = smallest();
        asked.getViewsBuilder().setSize(size);
        assertEquals(resize, JobSettings.complete(asked.build()).getEvaluation().getResize());
    }

    @ParameterizedTest
    @CsvSource({"/a/b/, resnet18-b", "a/../c d (1), resnet18-c-d-1-", "/, resnet18-data", "été, resnet18-été"})
    void aJobIsNamedAfterStudentAndLastFolder(String path, String name) {
        Job.Builder asked = smallest();
        asked.getDatasetBuilder().clearPath().addPath(path);
        assertEquals(name, JobSettings.complete(asked.build()).getName());
    }

    @Test
    void theCurrentFolderHasAName() {
        Job.Builder asked = smallest();
        asked.getDatasetBuilder().clearPath().addPath(".");
        assertFalse(JobSettings.complete(asked.build()).getName().endsWith("."));
    }

    @Test
    void theSelfTeacherHasItsOwnWidthsNoHeadAndStrongViews() {
        Job.Builder asked = withSelf();
        asked.getViewsBuilder().setPolicy(Views.Policy.SAME_WEAK);
        asked.getHeadBuilder();
        Job job = JobSettings.complete(asked.build());
        assertEquals(256, job.getMomentumTeacher().getOutput());
        assertFalse(job.hasHead());
        assertFalse(job.getTeachers(0).hasNetwork());
        assertEquals(Views.Policy.STRONG_STRONG, job.getViews().getPolicy());
    }

    @Test
    void everyProblemIsNamedInOneMessage() {
        Job.Builder bad = Job.newBuilder();
        bad.getOptimizationBuilder().setEpochs(0).setMomentum(1.5);
        String message = refusalOf(bad, job -> {});
        assertSays(
                message,
                "The job is refused for 4 reasons:",
                "dataset.path (--data): is required",
                "teachers.source (--teacher): a teacher is required",
                "optimization.epochs (--epochs): 0 is out of bounds; choose 1 to 100000 epochs",
                "optimization.momentum (--momentum): 1.5 is out of bounds; choose 0 to 0.99999");
        assertEquals(5, message.lines().count());
    }

    @Test
    void oneProblemIsOneSentence() {
        String message = refusal(job -> job.getViewsBuilder().setSize(4));
        assertEquals("The job is refused: views.size (--size): 4 is out of bounds; choose 8 to 1024 px", message);
    }

    @Test
    void aNumberThatIsNoneIsOutOfBounds() {
        assertSays(
                refusal(job -> job.getOptimizationBuilder().setLr(Double.NaN)),
                "optimization.lr (--lr): NaN is out of bounds");
    }

    @Test
    void anUnsignedNumberIsNotTakenForANegativeOne() {
        assertSays(refusal(job -> job.getOptimizationBuilder().setEpochs(-1)), "4294967295 is out of bounds");
        assertEquals(-1, JobSettings.complete(smallest().setSeed(-1).build()).getSeed());
    }

    @Test
    void anEnumValueOfAnotherVersionIsRefusedWithTheKnownOnes() {
        assertSays(
                refusal(job -> job.getStudentBuilder().setNetworkValue(99)),
                "student.network (--student): value 99 is not one of the ");
    }

    @Test
    void aBatchThatMicroBatchesDoNotDivideIsRefused() {
        assertSays(
                refusal(job -> job.getOptimizationBuilder().setBatch(100).setMicroBatches(3)),
                "100 images can't be cut in 3 equal micro-batches; choose a multiple, such as 99");
    }

    @Test
    void oneImageIsTooFewForBatchNorm() {
        assertSays(
                refusal(job -> job.getOptimizationBuilder().setBatch(8).setMicroBatches(8)),
                "optimization.micro_batches (--micro-batches): 8 parts of 8 images",
                "choose at most 4");
    }

    @Test
    void theLinearHeadHasOneLayer() {
        Job.Builder asked = smallest();
        asked.getHeadBuilder().setForm(Head.Form.LINEAR);
        assertEquals(1, JobSettings.complete(asked.build()).getHead().getLayers());
        assertSays(
                refusalOf(asked, job -> job.getHeadBuilder().setLayers(2)),
                "head.layers (--head-layers): 2 does not go with the linear form");
    }

    @Test
    void threeLayersAreNoHead() {
        assertSays(
                refusal(job -> job.getHeadBuilder().setLayers(3)),
                "head.layers (--head-layers): 3 is not one of 1, 2, 4");
        for (int layers : new int[] {1, 2, 4}) {
            Job.Builder asked = smallest();
            asked.getHeadBuilder().setLayers(layers);
            assertEquals(layers, JobSettings.complete(asked.build()).getHead().getLayers());
        }
    }

    @Test
    void theSelfTeacherStandsAlone() {
        assertSays(
                refusal(job -> job.addTeachersBuilder().setSource("self")),
                "self allows no other teacher, 2 are asked for");
    }

    @Test
    void settingsWithoutEffectAreRefused() {
        assertSays(
                refusalOf(withSelf(), job -> job.getHeadBuilder().setLayers(2)),
                "head: has no effect with the teacher self");
        assertSays(
                refusal(job -> job.getMomentumTeacherBuilder().setDecay(0.9)),
                "momentum_teacher: has no effect without the teacher self");
        assertSays(
                refusalOf(withSelf(), job -> job.getTeachersBuilder(0).setNetwork(Network.RESNET50)),
                "teachers[0].network (--teacher-network): resnet50 has no effect");
    }

    @Test
    void aTeacherSeesTheViewsInTheirSizeUnlessItHasItsOwn() {
        Job.Builder asked = smallest();
        asked.getViewsBuilder().setSize(64);
        asked.addTeachersBuilder().setSource("torchscript:dino.pt").setSize(32).setWeight(2);
        Job job = JobSettings.complete(asked.build());
        assertEquals(64, job.getTeachers(0).getSize());
        assertEquals(1, job.getTeachers(0).getWeight());
        assertEquals(Pixels.IMAGENET, job.getTeachers(0).getPixels());
        assertEquals(32, job.getTeachers(1).getSize());
        assertEquals(2, job.getTeachers(1).getWeight());
    }

    @ParameterizedTest
    @CsvSource({"0", "-1", "NaN", "Infinity", "1000001"})
    void aWeightOutOfBoundsIsRefused(double weight) {
        assertSays(
                refusal(job -> job.addTeachersBuilder().setSource("b.pth").setWeight(weight)),
                "teachers[1].weight (--teacher-weight): ",
                "is out of bounds; choose 0.000001 to 1000000");
    }

    @Test
    void aTeachersSizeOutOfBoundsIsRefused() {
        assertSays(
                refusal(job -> job.getTeachersBuilder(0).setSize(7)),
                "teachers[0].size (--teacher-size): 7 is out of bounds; choose 8 to 1024 px");
    }

    @Test
    void aSingleTeacherHasNoWeight() {
        assertSays(
                refusal(job -> job.getTeachersBuilder(0).setWeight(2)),
                "teachers[0].weight (--teacher-weight): 2 has no effect with a single teacher");
        assertEquals(
                1, JobSettings.complete(smallest().build()).getTeachers(0).getWeight(), "the default is no demand");
    }

    @Test
    void theSelfTeacherHasTheStudentsEyesAndLoss() {
        assertSays(
                refusalOf(withSelf(), job -> {
                    job.setLoss(Loss.SQUARED);
                    job.getTeachersBuilder(0).setWeight(1).setSize(32).setPixels(Pixels.HALF);
                }),
                "The job is refused for 4 reasons:",
                "teachers[0].weight (--teacher-weight): 1 has no effect with the teacher self",
                "teachers[0].size (--teacher-size): 32 has no effect",
                "teachers[0].pixels (--teacher-pixels): half has no effect",
                "loss (--loss): squared lets the teacher self and its student shrink to nothing");
        Job completed = JobSettings.complete(withSelf().build());
        assertFalse(completed.getTeachers(0).hasSize());
        assertEquals(completed, JobSettings.complete(completed));
    }

    @ParameterizedTest
    @ValueSource(strings = {"self", "torchscript:dino.pt"})
    void onlyWeightsOfAKnownNetworkHaveAnFcFeature(String source) {
        Consumer<Job.Builder> change =
                job -> job.getTeachersBuilder(0).setSource(source).setFeature(Teacher.Feature.FC);
        assertSays(
                refusal(change),
                "teachers[0].feature (--teacher-feature): fc does not exist with the teacher " + source);
    }

    @Test
    void torchscriptNeedsAFile() {
        assertSays(refusal(job -> job.getTeachersBuilder(0).setSource("torchscript:")), "torchscript: names no file");
    }

    @ParameterizedTest
    @CsvSource({"DINO_VITS16", "DINOV3_VITB16", "DINOV2_VITL14_REG"})
    void aTeacherNetworkIsNoStudent(Network network) {
        assertSays(
                refusal(job -> job.getStudentBuilder().setNetwork(network)),
                " networks that fit here; the nearest are ");
    }

    @Test
    void warmUpEndsBeforeTheTraining() {
        assertSays(
                refusal(job -> job.getOptimizationBuilder().setEpochs(5).setWarmupEpochs(5)),
                "optimization.warmup_epochs (--warmup-epochs): 5 takes all 5 epochs");
    }

    @Test
    void aCropLargerThanTheImageIsRefused() {
        assertSays(
                refusal(job -> job.getEvaluationBuilder().setResize(200)),
                "evaluation.resize (--eval-resize): 200 px is smaller than the 224 px view");
    }

    @Test
    void aNumberOfNeighboursStandsOnce() {
        assertSays(refusal(job -> job.getEvaluationBuilder().addK(5).addK(5)), "5 stands twice");
    }

    @ParameterizedTest
    @ValueSource(strings = {"../up", "a/b", ".hidden", "a b", "-x"})
    void aNameThatIsNoFileNameIsRefused(String name) {
        assertSays(refusal(job -> job.setName(name)), "name (--name): '" + name + "' can't name");
    }
}
