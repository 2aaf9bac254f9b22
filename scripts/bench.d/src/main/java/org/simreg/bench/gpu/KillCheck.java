package org.simreg.bench.gpu;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.simreg.bench.gpu.CheckTable.Figure;
import org.simreg.proto.Dataset;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.Head;
import org.simreg.proto.Job;
import org.simreg.proto.JobSettings;
import org.simreg.proto.Network;
import org.simreg.proto.Precision;
import org.simreg.proto.StepDone;
import org.simreg.worker.data.storage.WorkerSettings;
import org.simreg.worker.engine.torchscript.StudentNetwork;
import org.simreg.worker.exchange.reduce.LocalReduce;
import org.simreg.worker.exchange.reduce.Reduce;
import org.simreg.worker.network.Heads;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.train.JobLoader;
import org.simreg.worker.train.LoadedJob;
import org.simreg.worker.train.TrainingLoop;
import org.simreg.worker.train.student.InitialWeights;
import org.simreg.worker.train.student.RunCheckpoint;
import org.simreg.worker.train.student.StudentBuilder;
import org.simreg.worker.weights.format.Safetensors;

/** A training that is killed in its middle and resumed, against one that isn't: both end with the same SHA-256. */
final class KillCheck {
    private static final int EPOCHS = 4;
    private static final int KILLED = 7;

    private final Path pictures;
    private final String device;
    private final int threads;

    /** @param pictures a folder with at least 16 */
    KillCheck(Path pictures, String device, int threads) {
        this.pictures = pictures;
        this.device = device;
        this.threads = threads;
    }

    void run(CheckTable table) {
        table.line("kill -9 at step %d and resume, SHA-256".formatted(KILLED), () -> {
            Path folder = Files.createTempDirectory("simreg-check");
            try {
                writeTeacher(folder);
                String whole = end(start(folder, "whole"), -1);
                end(start(folder, "killed"), KILLED);
                return new Figure(end(start(folder, "killed"), -1).equals(whole) ? 0 : 1, 0);
            } finally {
                delete(folder);
            }
        });
    }

    private Process start(Path folder, String run) throws IOException {
        return ChildProcess.start("train", device, threads, pictures, folder, run);
    }

    /**
     * The last line of a training.
     *
     * @param kill step after which the process is killed; -1 for never
     */
    private static String end(Process process, int kill) throws IOException, InterruptedException {
        String last = "";
        try (BufferedReader lines = process.inputReader()) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                last = line;
                if (line.equals("step " + kill)) {
                    process.toHandle().destroyForcibly();
                }
            }
        }
        boolean ended = process.waitFor() == 0;
        if (ended == kill > 0 || kill < 0 && !last.startsWith("end ")) {
            throw new IOException("the training ended with code %d after \"%s\"".formatted(process.exitValue(), last));
        }
        return last;
    }

    private static void writeTeacher(Path folder) {
        NetworkGraph network = Networks.backbone(Network.RESNET18);
        NetworkGraph head = Heads.regression(Head.Form.LINEAR, 1, network.outputs(), 8);
        StudentNetwork random = StudentNetwork.regression(network, List.of(head));
        Safetensors.write(
                folder.resolve("teacher.safetensors"), StudentBuilder.backbone(random, InitialWeights.of(random, 1)));
    }

    private static void delete(Path folder) throws IOException {
        try (var files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    /** The other process' part: trains from its newest checkpoint, and writes one each second step. */
    static void train(String device, int threads, Path pictures, Path folder, String run) {
        Path checkpoints = folder.resolve(run);
        WorkerSettings settings = new WorkerSettings(device, threads, 2, folder.resolve("cache"));
        try (LoadedJob job = JobLoader.open(job(pictures, folder), settings, notice -> {})) {
            Optional<Path> newest =
                    Files.isDirectory(checkpoints) ? RunCheckpoint.newest(checkpoints) : Optional.empty();
            if (newest.isPresent()) {
                job.take(newest.get());
            } else {
                job.start();
            }
            try (Reduce reduce = new LocalReduce(job.scope(), job.student()::newOut)) {
                new TrainingLoop(job, reduce, TrainingLoop.Role.ALONE, () -> false, new Printed(checkpoints)).run();
            }
        }
    }

    private static Job job(Path pictures, Path folder) {
        Job.Builder job = Job.newBuilder().setName("check").setSeed(7).setPrecision(Precision.BFLOAT16);
        job.setDataset(Dataset.newBuilder().addPath(pictures.toString()));
        job.addTeachersBuilder()
                .setSource(folder.resolve("teacher.safetensors").toString())
                .setNetwork(Network.RESNET18);
        job.getStudentBuilder().setNetwork(Network.MOBILENET_V2);
        job.getHeadBuilder().setForm(Head.Form.LINEAR);
        job.getViewsBuilder().setSize(64);
        job.getOptimizationBuilder().setEpochs(EPOCHS).setBatch(8).setMicroBatches(2);
        job.getCheckpointsBuilder().setEverySteps(2);
        return JobSettings.complete(job.build());
    }

    /** The events of the other process' training, as lines for the one that watches it. */
    private record Printed(Path checkpoints) implements TrainingLoop.Events {
        @Override
        public void committed(StepDone done, String sha256) {
            System.out.println("step " + done.getStep());
        }

        @Override
        public void measured(EvaluationDone done) {}

        @Override
        public void checkpoint(RunCheckpoint.Snapshot snapshot) {
            try {
                Files.createDirectories(checkpoints);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            snapshot.write(checkpoints.resolve(RunCheckpoint.fileName(snapshot.step())));
        }

        @Override
        public void trained(RunCheckpoint.Snapshot end) {
            System.out.println("end " + end.sha256());
        }
    }
}
