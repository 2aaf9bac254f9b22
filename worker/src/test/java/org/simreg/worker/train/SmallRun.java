package org.simreg.worker.train;

import ai.djl.ndarray.NDArray;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.simreg.proto.Dataset;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.Head;
import org.simreg.proto.Job;
import org.simreg.proto.JobFinished;
import org.simreg.proto.JobSettings;
import org.simreg.proto.JobStarted;
import org.simreg.proto.Network;
import org.simreg.proto.Notice;
import org.simreg.proto.Progress;
import org.simreg.proto.StepDone;
import org.simreg.proto.Teacher;
import org.simreg.worker.base.concurrent.Abandoned;
import org.simreg.worker.data.storage.WorkerSettings;
import org.simreg.worker.engine.torchscript.StudentNetwork;
import org.simreg.worker.exchange.reduce.LocalReduce;
import org.simreg.worker.exchange.reduce.Reduce;
import org.simreg.worker.export.StudentExport;
import org.simreg.worker.network.Heads;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.train.student.InitialWeights;
import org.simreg.worker.train.student.RunCheckpoint;
import org.simreg.worker.train.student.StudentBuilder;
import org.simreg.worker.weights.format.Safetensors;
import org.simreg.worker.weights.tensor.StateDict;

/** A job of a few steps on the sample's pictures, run in this JVM, with what it reported. */
public final class SmallRun {
    public static final Path SAMPLE = Path.of("..", "scripts", "sample");

    /** 25 pictures without val/CLASS folders: nothing is measured, so that a run is its steps. */
    static final Path HEARTS = SAMPLE.resolve("train/smileys-emotion--heart");

    private final Path folder;
    private final List<Progress> events = new ArrayList<>();
    private boolean whole;
    private boolean stop;
    private List<String> exports = List.of();

    private SmallRun(Path folder) {
        this.folder = folder;
    }

    /** Three steps an epoch of 8 pictures at 32 px; MobileNet-v2 with a linear head learns. */
    public static Job.Builder job(String... teachers) {
        Job.Builder job = Job.newBuilder().setName("small").setSeed(7);
        job.setDataset(Dataset.newBuilder().addPath(HEARTS.toString()));
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
    public static String teacher(Path folder, Network name, long seed) {
        Path file = folder.resolve("teacher-" + seed + ".safetensors");
        Safetensors.write(file, weights(name, seed));
        return file.toString();
    }

    /** A network's weights with one NaN, in the factors of its first normalisation. */
    public static Path notANumber(Path folder, Network name) {
        StateDict weights = weights(name, 1);
        Map<String, long[]> shapes = new LinkedHashMap<>();
        weights.names().forEach(each -> shapes.put(each, weights.shape(each)));
        Path file = folder.resolve("not-a-number.safetensors");
        Safetensors.write(file, StateDict.lazy(shapes, each -> {
            float[] values = weights.get(each).floats();
            values[3] = each.equals("features.0.1.weight") || each.equals("bn1.weight") ? Float.NaN : values[3];
            return values;
        }));
        return file;
    }

    public static StateDict weights(Network name, long seed) {
        var network = Networks.backbone(name);
        var head = Heads.regression(Head.Form.LINEAR, 1, network.outputs(), 8);
        StudentNetwork trained = StudentNetwork.regression(network, List.of(head));
        return StudentBuilder.backbone(trained, InitialWeights.of(trained, seed));
    }

    /** Random weights of a network with its last linear layer. */
    public static StateDict classifier(Network name, int classes, long seed) {
        var network = Networks.classifier(name, classes);
        var head = Heads.regression(Head.Form.LINEAR, 1, classes, 8);
        StudentNetwork trained = StudentNetwork.regression(network, List.of(head));
        return StudentBuilder.backbone(trained, InitialWeights.of(trained, seed));
    }

    /** Runs the job from its first step to its end. */
    public static SmallRun whole(Job.Builder job, Path folder) {
        return run(job, folder, false, event -> false);
    }

    /** The same, and writes the student in every format that it can be written in. */
    public static SmallRun exported(Job.Builder job, Path folder) {
        SmallRun run = whole(job, folder);
        run.exports = StudentExport.checkpoint(
                        StudentExport.Source.student(
                                RunCheckpoint.newest(checkpoints(folder)).orElseThrow()),
                        folder.resolve("student"),
                        job.getViews().getSize(),
                        EnumSet.allOf(StudentExport.Format.class),
                        notice -> {})
                .stream()
                .map(file -> folder.relativize(file).toString())
                .toList();
        return run;
    }

    /** Continues the job to its end. */
    public static SmallRun resumed(Job.Builder job, Path folder) {
        return run(job, folder, true, event -> false);
    }

    /** Runs the job until it reports a certain event, then cancels it. */
    public static SmallRun run(Job.Builder job, Path folder, boolean resume, Predicate<Progress> cancelled) {
        return run(job, folder, settings(folder, 1, 1), resume, cancelled);
    }

    public static WorkerSettings settings(Path folder, int threads, int decodeThreads) {
        return new WorkerSettings("cpu", threads, decodeThreads, folder.resolve("cache"));
    }

    /** As above, on this many threads. */
    static SmallRun run(
            Job.Builder job, Path folder, WorkerSettings settings, boolean resume, Predicate<Progress> cancelled) {
        SmallRun run = new SmallRun(folder);
        Job whole = JobSettings.complete(job.build());
        try (LoadedJob loaded = JobLoader.open(whole, settings, run::notice)) {
            if (resume) {
                loaded.take(RunCheckpoint.newest(checkpoints(folder)).orElseThrow());
            } else {
                loaded.start();
            }
            run.train(loaded, cancelled);
        }
        return run;
    }

    /** What a cluster of one does, without the cluster. */
    private void train(LoadedJob job, Predicate<Progress> cancelled) {
        JobStarted.Builder started = job.started().toBuilder().setResumedStep(job.committed());
        stop = emit(Progress.newBuilder().setStarted(started).build(), cancelled);
        if (job.committed() == 0) {
            store(job.checkpoint(), job);
        }
        try (Reduce reduce = new LocalReduce(job.scope(), job.student()::newOut)) {
            new TrainingLoop(
                            job,
                            reduce,
                            TrainingLoop.Role.ALONE,
                            () -> stop && job.committed() < job.plan().steps(),
                            new Recorder(job, cancelled))
                    .run();
        } catch (Abandoned e) {
            store(job.checkpoint(), job);
        }
    }

    /** A listener that keeps the events of the loop. */
    private final class Recorder implements TrainingLoop.Events {
        private final LoadedJob job;
        private final Predicate<Progress> cancelled;

        Recorder(LoadedJob job, Predicate<Progress> cancelled) {
            this.job = job;
            this.cancelled = cancelled;
        }

        @Override
        public void committed(StepDone done, String sha256) {
            stop = emit(Progress.newBuilder().setStep(done).build(), cancelled);
        }

        @Override
        public void measured(EvaluationDone done) {
            events.add(Progress.newBuilder().setEvaluation(done).build());
        }

        @Override
        public void checkpoint(RunCheckpoint.Snapshot snapshot) {
            store(snapshot, job);
        }

        @Override
        public void trained(RunCheckpoint.Snapshot end) {
            store(end, job);
            whole = true;
            JobFinished.Builder finished =
                    JobFinished.newBuilder().setStep(end.step()).setSha256(end.sha256());
            events.add(Progress.newBuilder().setFinished(finished).build());
        }
    }

    /** A listener that does nothing. */
    private static final class Silence implements TrainingLoop.Events {
        @Override
        public void committed(StepDone done, String sha256) {}

        @Override
        public void measured(EvaluationDone done) {}

        @Override
        public void checkpoint(RunCheckpoint.Snapshot snapshot) {}

        @Override
        public void trained(RunCheckpoint.Snapshot end) {}
    }

    /** A loop whose steps are taken one by one, and that tells nobody. */
    public static TrainingLoop loop(LoadedJob job, Reduce reduce) {
        return new TrainingLoop(job, reduce, TrainingLoop.Role.ALONE, () -> false, new Silence());
    }

    /**
     * Takes a step of a job that two workers share.
     *
     * @param cut micro-batches that the first one computes
     */
    public static void together(LoadedJob one, LoadedJob two, int cut, Reduce reduce) throws Exception {
        long step = one.committed();
        one.inputs().share(0, cut);
        two.inputs().share(cut, one.plan().microBatches() - cut);
        Reduce.Round round = reduce.begin(step, one.leaves());
        for (LoadedJob run : List.of(one, two)) {
            run.inputs().prepare(step);
            TrainingLoop.backward(run, step, round);
        }
        NDArray mean = round.mean().get();
        loop(two, reduce).update(step, mean.duplicate());
        loop(one, reduce).update(step, mean);
    }

    /** Takes the first steps of a job that has taken its state. */
    static void steps(LoadedJob job, int count) {
        try (Reduce reduce = new LocalReduce(job.scope(), job.student()::newOut)) {
            TrainingLoop loop = loop(job, reduce);
            for (int step = 0; step < count; step++) {
                loop.step(step);
            }
        }
    }

    private void store(RunCheckpoint.Snapshot snapshot, LoadedJob job) {
        try {
            Files.createDirectories(checkpoints(folder));
            snapshot.write(checkpoints(folder).resolve(RunCheckpoint.fileName(snapshot.step())));
            List<Path> files = RunCheckpoint.list(checkpoints(folder));
            int old = Math.max(0, files.size() - job.settings().getCheckpoints().getKeep());
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

    private synchronized void notice(String text) {
        events.add(Progress.newBuilder()
                .setNotice(Notice.newBuilder().setText(text))
                .build());
    }

    /** Where the run's checkpoints are. */
    public static Path checkpoints(Path folder) {
        return folder.resolve("checkpoints");
    }

    /** Whether an event is the commit of this step. */
    public static Predicate<Progress> commits(long step) {
        return event -> event.hasStep() && event.getStep().getStep() == step;
    }

    public boolean ended() {
        return whole;
    }

    public Path folder() {
        return folder;
    }

    public List<Progress> events() {
        return events;
    }

    public List<StepDone> steps() {
        return events.stream().filter(Progress::hasStep).map(Progress::getStep).toList();
    }

    /** Of the whole state at the end. */
    public String sha256() {
        return events.stream()
                .filter(Progress::hasFinished)
                .map(event -> event.getFinished().getSha256())
                .findFirst()
                .orElseThrow();
    }

    /** The student's files, below the run's folder. */
    public List<String> exports() {
        return exports;
    }
}
