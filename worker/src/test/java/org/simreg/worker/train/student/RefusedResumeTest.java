package org.simreg.worker.train.student;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.Head;
import org.simreg.proto.Job;
import org.simreg.proto.JobSettings;
import org.simreg.proto.Network;
import org.simreg.proto.NumericProfile;
import org.simreg.proto.UserError;
import org.simreg.proto.Views;
import org.simreg.worker.engine.torchscript.StudentNetwork;
import org.simreg.worker.network.Heads;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.train.SmallRun;

/** Tests of the refusal to resume where the run would end with other bits. */
class RefusedResumeTest {
    @TempDir
    static Path shared;

    @TempDir
    Path folder;

    private static Path made;
    private Path file;

    @BeforeEach
    void copyOneRunsCheckpoint() throws IOException {
        if (made == null) {
            SmallRun.run(job(), shared.resolve("run"), false, SmallRun.commits(2));
            made = RunCheckpoint.newest(SmallRun.checkpoints(shared.resolve("run")))
                    .orElseThrow();
        }
        Files.createDirectories(SmallRun.checkpoints(folder));
        file = SmallRun.checkpoints(folder).resolve(made.getFileName());
        Files.copy(made, file);
    }

    private static Job.Builder job() {
        return SmallRun.job(SmallRun.teacher(shared, Network.MOBILENET_V2, 1));
    }

    @Test
    void anotherSeedIsAnotherJob() {
        refused(job().setSeed(9), "was made by another job; resume with the settings in");
    }

    private static Job resized(Views.Resizing as) {
        Job.Builder job = job();
        job.getViewsBuilder().setInterpolation(as);
        return JobSettings.complete(job.build());
    }

    /** Only who reads the teachers' files knows whether it is the same; a worker has it from the checkpoint. */
    @Test
    void aRunOfOneInterpolationGoesOnWhereTheTeachersDecide() {
        Job bilinear = resized(Views.Resizing.BILINEAR);
        ResumeCheck.sameJob(file, bilinear, resized(Views.Resizing.TEACHER));
        ResumeCheck.sameJob(
                file,
                bilinear.toBuilder()
                        .setViews(bilinear.getViews().toBuilder().clearInterpolation())
                        .build(),
                resized(Views.Resizing.TEACHER));
        assertThrows(UserError.class, () -> ResumeCheck.sameJob(file, bilinear, resized(Views.Resizing.BICUBIC)));
        Job.Builder bicubic = job();
        bicubic.getViewsBuilder().setInterpolation(Views.Resizing.BICUBIC);
        refused(bicubic, "was made by another job");
    }

    @Test
    void anotherHeadIsAnotherJob() {
        Job.Builder job = job();
        job.getHeadBuilder().setForm(Head.Form.PAPER).setLayers(2);
        refused(job, "it belongs to another student or head");
    }

    @Test
    void anotherMachineRoundsDifferently() {
        computeOn("an abacus");
        refused(job(), "was computed on \"an abacus\" and this is \"libtorch");
    }

    @Test
    void anInexactJobMayRoundDifferently() {
        computeOn("an abacus");
        SmallRun run = SmallRun.resumed(job().setExact(false), folder);
        assertTrue(run.ended());
        assertEquals(4, run.steps().size());
    }

    @Test
    void aDataSetThatGrewWouldComeInAnotherOrder() {
        rewrite(made -> new RunCheckpoint.Origin(made.job(), made.profile(), made.images() - 1));
        refused(job(), "train images. Put the data set back");
    }

    @Test
    void aProfileFromBeforeFingerprintsStillResumes() {
        rewrite(made -> new RunCheckpoint.Origin(made.job(), NumericProfile.machine(made.profile()), made.images()));
        assertTrue(SmallRun.resumed(job(), folder).ended());
    }

    @Test
    void anotherFingerprintRoundsDifferently() {
        rewrite(made -> new RunCheckpoint.Origin(
                made.job(), NumericProfile.of(NumericProfile.machine(made.profile()), "0123456789ab"), made.images()));
        refused(job(), "bits 0123456789ab\" and this is \"libtorch");
    }

    private void computeOn(String profile) {
        rewrite(made -> new RunCheckpoint.Origin(made.job(), profile, made.images()));
    }

    private void rewrite(UnaryOperator<RunCheckpoint.Origin> origin) {
        Network name = Network.MOBILENET_V2;
        int width = Networks.backbone(name).outputs();
        StudentNetwork trained = StudentNetwork.regression(
                Networks.backbone(name), List.of(Heads.regression(Head.Form.LINEAR, 1, width, width)));
        RunCheckpoint was = RunCheckpoint.read(file, trained);
        new RunCheckpoint(was.step(), origin.apply(was.made()), was.sha256(), was.state())
                .write(file, StudentBuilder.layout(job().build(), trained));
    }

    @Test
    void aNewNameMoreMeasuringAndOtherCheckpointsAreNoOtherJob() {
        Job.Builder job = job().setName("renamed");
        job.getEvaluationBuilder().setEveryEpochs(1);
        job.getCheckpointsBuilder().setKeep(5);
        assertTrue(SmallRun.resumed(job, folder).ended());
    }

    @Test
    void aFlippedBitIsSeenByTheSha256() throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            long place = channel.size() - 4_000_000;
            ByteBuffer one = ByteBuffer.allocate(1);
            channel.read(one, place);
            channel.write(one.put(0, (byte) (one.get(0) ^ 4)).rewind(), place);
        }
        refused(job(), "is damaged: its bytes don't have the SHA-256");
    }

    @Test
    void aFileCutShortIsDamaged() throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.truncate(channel.size() / 2);
        }
        refused(job(), "it ends at byte");
    }

    @Test
    void anEmptyFileIsDamaged() throws IOException {
        Files.write(file, new byte[0]);
        refused(job(), "or a damaged one; delete it");
    }

    @Test
    void weightsWithoutARunsMetadataAreNoCheckpoint() throws IOException {
        Files.delete(file);
        Files.copy(Path.of(job().getTeachers(0).getSource()), file);
        refused(job(), "is no checkpoint of a run");
    }

    @Test
    void aLimitBelowTheCheckpointIsRefused() {
        Job.Builder job = job();
        job.getOptimizationBuilder().setMaxSteps(1);
        refused(job, "is of step 2, behind the job's end at step 1");
    }

    private void refused(Job.Builder job, String reason) {
        UserError refused = assertThrows(UserError.class, () -> SmallRun.resumed(job, folder));
        String message = refused.getMessage();
        assertTrue(message.contains(folder.toString()) || message.matches(".*checkpoint (is )?of step 2.*"), message);
        assertTrue(message.contains(reason), message);
        assertFalse(message.contains("\n"), message);
        assertTrue(Files.exists(file), "a refusal deletes nothing");
    }
}
