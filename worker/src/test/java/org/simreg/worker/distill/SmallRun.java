package org.simreg.worker.distill;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.function.Predicate;
import org.simreg.proto.Dataset;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.Head;
import org.simreg.proto.Job;
import org.simreg.proto.JobFinished;
import org.simreg.proto.JobSettings;
import org.simreg.proto.Network;
import org.simreg.proto.Notice;
import org.simreg.proto.Progress;
import org.simreg.proto.StepDone;
import org.simreg.proto.Teacher;
import org.simreg.worker.checkpoint.Safetensors;
import org.simreg.worker.checkpoint.StateDict;
import org.simreg.worker.network.Heads;
import org.simreg.worker.network.Networks;
import org.simreg.worker.reduce.LocalReduce;
import org.simreg.worker.reduce.Reduce;
import org.simreg.worker.torchscript.Trained;

/** Jobs of a few steps on the sample's pictures, run in this JVM, and what they reported. */
final class SmallRun {
    static final Path SAMPLE = Path.of("..", "scripts", "sample");

    /** 25 pictures without val/CLASS folders: nothing is measured, so that a run is its steps. */
    static final Path HEARTS = SAMPLE.resolve("train/smileys-emotion--heart");

    private final Path folder;
    private final List<Progress> events = new ArrayList<>();
    private boolean whole;
    private List<String> exports = List.of();

    private SmallRun(Path folder) {
        this.folder = folder;
    }

    /** Three steps an epoch of 8 pictures at 32 px; MobileNet-v2 with a linear head learns. */
    static Job.Builder job(String... teachers) {
        Job.Builder job = Job.newBuilder().setName("small").setSeed(7);
        job.setDataset(Dataset.newBuilder().setPath(HEARTS.toString()));
        for (String source : teachers) {
            Teacher.Builder teacher = job.addTeachersBuilder().setSource(source);
            if (!source.startsWith("torchscript:") && !source.equals("self")) {
                teacher.setNetwork(Network.MOBILENET_V2);
            }
        }
        job.getStudentBuilder().setNetwork(Network.MOBILENET_V2);
        if (!List.of(teachers).contains("self")) {
            job.getHeadBuilder().setForm(Head.Form.LINEAR);
        }
        job.getViewsBuilder().setSize(32);
        job.getOptimizationBuilder().setEpochs(2).setBatch(8).setMicroBatches(1);
        return job;
    }

    /** Random weights of a network as a teacher's file. */
    static String teacher(Path folder, Network name, long seed) {
        Path file = folder.resolve("teacher-" + seed + ".safetensors");
        Safetensors.write(file, weights(name, seed));
        return file.toString();
    }

    static StateDict weights(Network name, long seed) {
        var network = Networks.backbone(name);
        var head = Heads.regression(Head.Form.LINEAR, 1, network.outputs(), 8);
        Trained trained = Trained.regression(network, List.of(head));
        return Students.backbone(trained, InitialWeights.of(trained, seed));
    }

    /** Random weights of a network with its last linear layer. */
    static StateDict classifier(Network name, int classes, long seed) {
        var network = Networks.classifier(name, classes);
        var head = Heads.regression(Head.Form.LINEAR, 1, classes, 8);
        Trained trained = Trained.regression(network, List.of(head));
        return Students.backbone(trained, InitialWeights.of(trained, seed));
    }

    /** Runs the job from its first step to its end. */
    static SmallRun whole(Job.Builder job, Path folder) {
        return run(job, folder, false, event -> false);
    }

    /** The same, and writes the student in every format that it can be written in. */
    static SmallRun exported(Job.Builder job, Path folder) {
        SmallRun run = whole(job, folder);
        run.exports =
                Export.checkpoint(
                                RunCheckpoint.newest(checkpoints(folder)).orElseThrow(),
                                Optional.empty(),
                                folder.resolve("student"),
                                job.getViews().getSize(),
                                EnumSet.allOf(Export.Format.class))
                        .stream()
                        .map(file -> folder.relativize(file).toString())
                        .toList();
        return run;
    }

    /** Continues the job to its end. */
    static SmallRun resumed(Job.Builder job, Path folder) {
        return run(job, folder, true, event -> false);
    }

    /** Runs the job until it reports a certain event, then cancels it. */
    static SmallRun run(
            Job.Builder job, Path folder, boolean resume, Predicate<Progress> cancelled) {
        return run(job, folder, settings(folder, 1, 1), resume, cancelled);
    }

    static WorkerSettings settings(Path folder, int threads, int decodeThreads) {
        return new WorkerSettings("cpu", threads, decodeThreads, folder.resolve("cache"));
    }

    /** As above, on this many threads. */
    static SmallRun run(
            Job.Builder job,
            Path folder,
            WorkerSettings settings,
            boolean resume,
            Predicate<Progress> cancelled) {
        SmallRun run = new SmallRun(folder);
        Job whole = JobSettings.complete(job.build());
        try (Distillation training = Distillation.open(whole, settings, run::notice)) {
            if (resume) {
                training.load(RunCheckpoint.newest(checkpoints(folder)).orElseThrow());
            } else {
                training.start();
            }
            run.train(training, whole, cancelled);
        }
        return run;
    }

    /** What a cluster of one does, without the cluster. */
    private void train(Distillation training, Job job, Predicate<Progress> cancelled) {
        Progress started =
                Progress.newBuilder()
                        .setStarted(
                                training.started().toBuilder().setResumedStep(training.committed()))
                        .build();
        long every = job.getCheckpoints().getEverySteps();
        boolean stop = emit(started, cancelled);
        if (training.committed() == 0) {
            store(training, job);
        }
        training.due().forEach(due -> measured(training.measure(due, () -> false)));
        try (Reduce reduce = new LocalReduce(training.scope(), training::newOut)) {
            while (!stop && training.committed() < training.steps()) {
                stop = emit(step(training, reduce), cancelled);
                boolean end = training.committed() == training.steps();
                if (stop || end || every > 0 && training.committed() % every == 0) {
                    store(training, job);
                }
                training.due().forEach(due -> measured(training.measure(due, () -> false)));
            }
        }
        whole = training.committed() == training.steps();
        if (whole) {
            events.add(
                    Progress.newBuilder()
                            .setFinished(
                                    JobFinished.newBuilder()
                                            .setStep(training.steps())
                                            .setSha256(training.snapshot().sha256()))
                            .build());
        }
    }

    private static Progress step(Distillation training, Reduce reduce) {
        training.prepare(training.committed());
        Reduce.Round round =
                reduce.begin(training.committed(), training.microBatches() * training.passes());
        training.backward(round);
        if (training.committed() + 1 < training.steps()) {
            training.prepare(training.committed() + 1);
        }
        try {
            return Progress.newBuilder().setStep(training.commit(round.mean().get())).build();
        } catch (InterruptedException | ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    private void store(Distillation training, Job job) {
        try {
            Files.createDirectories(checkpoints(folder));
            Training.Snapshot snapshot = training.snapshot();
            snapshot.write(checkpoints(folder).resolve(RunCheckpoint.fileName(snapshot.step())));
            List<Path> files = RunCheckpoint.list(checkpoints(folder));
            int old = Math.max(0, files.size() - job.getCheckpoints().getKeep());
            for (Path file : files.subList(0, old)) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private boolean emit(Progress event, Predicate<Progress> cancelled) {
        events.add(event);
        return cancelled.test(event);
    }

    private void measured(EvaluationDone done) {
        events.add(Progress.newBuilder().setEvaluation(done).build());
    }

    private synchronized void notice(String text) {
        events.add(Progress.newBuilder().setNotice(Notice.newBuilder().setText(text)).build());
    }

    /** Where the run's checkpoints are. */
    static Path checkpoints(Path folder) {
        return folder.resolve("checkpoints");
    }

    /** Whether an event is the commit of this step. */
    static Predicate<Progress> commits(long step) {
        return event -> event.hasStep() && event.getStep().getStep() == step;
    }

    boolean ended() {
        return whole;
    }

    Path folder() {
        return folder;
    }

    List<Progress> events() {
        return events;
    }

    List<StepDone> steps() {
        return events.stream().filter(Progress::hasStep).map(Progress::getStep).toList();
    }

    /** Of the whole state at the end. */
    String sha256() {
        return events.stream()
                .filter(Progress::hasFinished)
                .map(event -> event.getFinished().getSha256())
                .findFirst()
                .orElseThrow();
    }

    /** The student's files, below the run's folder. */
    List<String> exports() {
        return exports;
    }
}
