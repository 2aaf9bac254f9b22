package org.simreg.worker.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.simreg.proto.Job;
import org.simreg.proto.JobSettings;
import org.simreg.proto.Network;
import org.simreg.proto.Precision;
import org.simreg.worker.exchange.reduce.LocalReduce;
import org.simreg.worker.exchange.reduce.Reduce;

/** Tests that what a student drops while training follows from the job, however many workers share a step. */
class DropPathRunTest {
    @TempDir
    static Path folder;

    private static String teacher;

    @BeforeAll
    static void makeTeacher() {
        teacher = SmallRun.teacher(folder, Network.MOBILENET_V2, 1);
    }

    @ParameterizedTest
    @CsvSource({"CONVNEXT_ATTO", "EFFICIENTNET_B0"})
    void oneWorkerAndTwoEndWithTheSameBits(Network student) throws Exception {
        String alone = SmallRun.whole(job(student, 0.3), folder.resolve(student + "-alone"))
                .sha256();
        assertEquals(alone, together(student));
        assertNotEquals(
                alone,
                SmallRun.whole(job(student, 0), folder.resolve(student + "-kept"))
                        .sha256());
    }

    private static Job.Builder job(Network student, double dropPath) {
        Job.Builder job = SmallRun.job(teacher).setPrecision(Precision.BFLOAT16);
        job.getStudentBuilder().setNetwork(student).setDropPath(dropPath);
        job.getOptimizationBuilder().setEpochs(1).setMicroBatches(2);
        return job;
    }

    private static String together(Network student) throws Exception {
        Job whole = JobSettings.complete(job(student, 0.3).build());
        try (LoadedJob one = JobLoader.open(whole, SmallRun.settings(folder, 1, 1), notice -> {});
                LoadedJob two = JobLoader.open(whole, SmallRun.settings(folder, 1, 1), notice -> {})) {
            one.start();
            two.start();
            try (Reduce reduce = new LocalReduce(one.scope(), one.student()::newOut)) {
                while (one.committed() < one.plan().steps()) {
                    SmallRun.together(one, two, 1, reduce);
                }
            }
            assertEquals(one.snapshot().sha256(), two.snapshot().sha256());
            return one.snapshot().sha256();
        }
    }
}
