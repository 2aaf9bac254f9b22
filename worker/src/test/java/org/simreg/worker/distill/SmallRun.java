package org.simreg.worker.distill;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.simreg.proto.Dataset;
import org.simreg.proto.Head;
import org.simreg.proto.Job;
import org.simreg.proto.JobFinished;
import org.simreg.proto.JobSettings;
import org.simreg.proto.Network;
import org.simreg.proto.Progress;
import org.simreg.proto.StepDone;
import org.simreg.proto.Teacher;
import org.simreg.worker.checkpoint.Safetensors;
import org.simreg.worker.checkpoint.StateDict;
import org.simreg.worker.network.Heads;
import org.simreg.worker.network.Networks;
import org.simreg.worker.torchscript.Trained;

/** Jobs of a few steps on the sample's pictures, run in this JVM, and what they reported. */
final class SmallRun {
    static final Path SAMPLE = Path.of("..", "scripts", "sample");

    /** 25 pictures without val/CLASS folders: nothing is measured, so that a run is its steps. */
    static final Path HEARTS = SAMPLE.resolve("train/smileys-emotion--heart");

    private final Path folder;
    private final List<Progress> events = new ArrayList<>();
    private boolean whole;

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
        JobRun[] itself = new JobRun[1];
        Consumer<Progress> progress =
                event -> {
                    run.events.add(event);
                    if (cancelled.test(event)) {
                        itself[0].cancel();
                    }
                };
        try (JobRun open =
                new JobRun(JobSettings.complete(job.build()), settings, folder, progress)) {
            itself[0] = open;
            run.whole = open.run(resume);
        }
        return run;
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

    JobFinished finished() {
        return events.stream()
                .filter(Progress::hasFinished)
                .map(Progress::getFinished)
                .findFirst()
                .orElseThrow();
    }

    String sha256() {
        return finished().getSha256();
    }
}
