package org.simreg.coordinator.run.folder;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.simreg.proto.GenerationBegun;
import org.simreg.proto.Job;
import org.simreg.proto.JobRecord;
import org.simreg.proto.JobSettings;
import org.simreg.proto.JobStarted;
import org.simreg.proto.LedgerEntry.Commit;
import org.simreg.proto.LedgerEntry.Rewind;
import org.simreg.proto.Network;
import org.simreg.proto.Progress;
import org.simreg.proto.StepDone;
import org.simreg.worker.network.Weight;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.train.student.RunCheckpoint;
import org.simreg.worker.weights.format.Safetensors;
import org.simreg.worker.weights.tensor.HostTensor;
import org.simreg.worker.weights.tensor.StateDict;

/** A made-up job: 3 epochs of 4 steps of 8 of 33 images, a digest every 2 steps. */
public final class Runs {
    static final int BATCH = 8;
    static final int STEPS_PER_EPOCH = 4;
    static final int STEPS = 12;

    private Runs() {}

    public static Job job(Path folder) {
        Job.Builder job = Job.newBuilder().setName("made-up");
        job.getDatasetBuilder().addPath("pictures");
        job.addTeachersBuilder().setSource("self");
        job.getStudentBuilder().setNetwork(Network.MOBILENET_V2);
        job.getViewsBuilder().setSize(32);
        job.getOptimizationBuilder().setEpochs(3).setBatch(BATCH).setMicroBatches(2);
        job.getCheckpointsBuilder().setOutput(folder.toString()).setKeep(2).setDigestSteps(2);
        return JobSettings.complete(job.build());
    }

    static JobRecord record(Path folder) {
        return JobRecord.newBuilder()
                .setId("made-up-1")
                .setVersion(1)
                .setJob(job(folder))
                .setFolder(folder.toString())
                .build();
    }

    public static Commit commit(long step, long generation) {
        boolean due = step % 2 == 0;
        return Commit.newBuilder()
                .setStep(step)
                .setEpoch((int) ((step - 1) / STEPS_PER_EPOCH) + 1)
                .setGeneration(generation)
                .setFirstSample((step - 1) % STEPS_PER_EPOCH * BATCH)
                .setSamples(BATCH)
                .setLoss(1.0f / step)
                .setSha256(due ? sha256(step) : "")
                .setDigests(due ? 2 : 0)
                .build();
    }

    public static Rewind rewind(long step, long generation) {
        return Rewind.newBuilder()
                .setStep(step)
                .setGeneration(generation)
                .setReason("all workers were lost")
                .build();
    }

    public static String sha256(long step) {
        return "%02x".formatted(step).repeat(32);
    }

    static StepDone done(long step) {
        return StepDone.newBuilder()
                .setStep(step)
                .setEpoch((int) ((step - 1) / STEPS_PER_EPOCH) + 1)
                .setLoss(1.0f / step)
                .setSeconds(0.5)
                .setImages(BATCH)
                .build();
    }

    public static Progress event(long step) {
        return Progress.newBuilder().setStep(done(step)).setTimeMs(1000 + step).build();
    }

    public static Progress started() {
        return Progress.newBuilder()
                .setStarted(JobStarted.newBuilder()
                        .setBatch(BATCH)
                        .setTrainImages(33)
                        .setStepsPerEpoch(STEPS_PER_EPOCH)
                        .setTotalSteps(STEPS)
                        .setEpochs(3))
                .setTimeMs(1000)
                .build();
    }

    /** A generation that begins after a step. */
    public static Progress begun(long generation, long step, String... workers) {
        return Progress.newBuilder()
                .setGeneration(GenerationBegun.newBuilder()
                        .setNumber(generation)
                        .setStep(step)
                        .addAllWorkers(List.of(workers)))
                .build();
    }

    /** A run's checkpoint with random weights in place. */
    static Path checkpoint(Path run, long step) {
        Path file = run.resolve("checkpoints").resolve(RunCheckpoint.fileName(step));
        write(file, step, job(run), List.of("backbone."));
        return file;
    }

    /** Writes a checkpoint anew, as of the same job with an average of the student. */
    static void withAverage(Path checkpoint) {
        RunCheckpoint.Header header = RunCheckpoint.Header.read(checkpoint);
        Job.Builder job = header.job().toBuilder();
        job.getOptimizationBuilder().setEmaDecay(0.99);
        write(checkpoint, header.step(), job.build(), List.of("backbone.", "ema.backbone."));
    }

    private static void write(Path file, long step, Job job, List<String> prefixes) {
        Map<String, HostTensor> tensors = new LinkedHashMap<>();
        Random random = new Random(step);
        for (String prefix : prefixes) {
            for (Weight weight : Networks.backbone(Network.MOBILENET_V2).weights()) {
                float[] values = new float[Math.toIntExact(weight.length())];
                for (int i = 0; i < values.length; i++) {
                    values[i] = random.nextFloat();
                }
                tensors.put(prefix + weight.name(), HostTensor.of(values, weight.shape()));
            }
        }
        StateDict all = StateDict.of(tensors);
        Map<String, String> notes = Map.of(
                "step", String.valueOf(step),
                "job", json(job),
                "profile", "cpu",
                "images", "33",
                "sha256", sha256(step));
        Safetensors.write(file, all, Safetensors.sealed(all, notes));
    }

    /** Changes one bit of a file's last value. */
    static void damage(Path file) {
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
            open.seek(open.length() - 2);
            int value = open.read();
            open.seek(open.length() - 2);
            open.write(value ^ 4);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String json(Job job) {
        try {
            return JsonFormat.printer().print(job);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException(e);
        }
    }

    public static byte[] bytes(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
