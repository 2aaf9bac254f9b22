package org.simreg.worker.distill;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.simreg.proto.CheckpointWritten;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.Job;
import org.simreg.proto.JobFinished;
import org.simreg.proto.JobStarted;
import org.simreg.proto.Notice;
import org.simreg.proto.Precision;
import org.simreg.proto.Progress;
import org.simreg.proto.StepDone;
import org.simreg.worker.checkpoint.StateDict;
import org.simreg.worker.data.BatchLoader;
import org.simreg.worker.data.Batches;
import org.simreg.worker.data.Splits;
import org.simreg.worker.distill.RunCheckpoint.Origin;
import org.simreg.worker.reduce.LocalReduce;
import org.simreg.worker.reduce.Reduce;
import org.simreg.worker.torchscript.FrozenModule;
import org.simreg.worker.torchscript.StepModule;
import org.simreg.worker.torchscript.StudentState;
import org.simreg.worker.torchscript.Torch;
import org.simreg.worker.torchscript.Trained;

/** A job from its first step to the exported student, on the calling thread. */
public final class JobRun implements AutoCloseable {
    private final Job job;
    private final WorkerSettings settings;
    private final Path folder;
    private final Consumer<Progress> progress;
    private final Deque<AutoCloseable> open = new ArrayDeque<>();
    private final Set<String> noticed = ConcurrentHashMap.newKeySet();
    private volatile boolean cancelled;

    private Torch torch;
    private Splits images;
    private Plan plan;
    private Trained trained;
    private List<Teacher> teachers;
    private StepModule student;
    private Optional<KnnEvaluation> evaluation;
    private CheckpointWriter checkpoints;
    private long resumed;
    private long lastCheckpoint = System.nanoTime();

    /**
     * @param job completed
     * @param folder of the run; checkpoints and exports are written below it
     * @param progress gets the events in order, on the thread of {@link #run}
     */
    public JobRun(Job job, WorkerSettings settings, Path folder, Consumer<Progress> progress) {
        this.job = job;
        this.settings = settings;
        this.folder = folder;
        this.progress = progress;
    }

    /** Folder of a run's checkpoints. */
    public static Path checkpoints(Path folder) {
        return folder.resolve("checkpoints");
    }

    /** Ends the run after its current step with a checkpoint; any thread may ask. */
    public void cancel() {
        cancelled = true;
    }

    /**
     * Runs the job to its end.
     *
     * @param resume whether to continue after the newest checkpoint in the folder
     * @return whether it ended; false if it was cancelled
     * @throws org.simreg.proto.UserError if data, weights or checkpoint can't be used
     */
    public boolean run(boolean resume) {
        long begun = System.nanoTime();
        prepare(resume);
        BatchLoader loader =
                opened(
                        new BatchLoader(
                                images.train(), settings.loader(job.getSeed()), this::notice));
        Reduce reduce = opened(new LocalReduce(torch.scope(), student::newOut));
        Distillation.Parts parts = new Distillation.Parts(torch, teachers, student, reduce);
        Schedule schedule = Schedule.of(job, plan);
        ViewPlan views = ViewPlan.of(job, trained.selfTaught());
        try (Distillation loop = new Distillation(plan, schedule, views, parts);
                Batches batches = loader.batches(new Requests(plan, views.recipes(), resumed))) {
            emit(Progress.newBuilder().setStarted(started()));
            if (resumed == 0) {
                // A run that is killed in its first epoch continues from here.
                checkpoint(0);
            }
            measureBefore(loader, views);
            checkpoints.await().ifPresent(this::announce);
            loop.start(resumed, batches);
            train(loop);
            checkpoints.await().ifPresent(this::announce);
            if (loop.hasNext()) {
                return false;
            }
            finish(begun);
            return true;
        }
    }

    private void prepare(boolean resume) {
        torch = opened(new Torch(settings.device(), settings.threads()));
        images = ImageParts.open(job, settings, this::notice);
        plan = Plan.of(job, images.train().size());
        teachers = Teachers.load(torch, job);
        teachers.forEach(this::opened);
        trained = Students.of(job, teachers);
        student =
                opened(new StepModule(torch, trained, Students.settings(job), startState(resume)));
        evaluation = evaluation();
        evaluation.ifPresent(this::opened);
        checkpoints =
                opened(
                        new CheckpointWriter(
                                checkpoints(folder), job.getCheckpoints().getKeep(), trained));
    }

    private StudentState startState(boolean resume) {
        if (!resume) {
            return Students.start(job, trained);
        }
        RunCheckpoint checkpoint =
                Resumption.newest(checkpoints(folder), job, trained, torch.profile());
        Resumption.sameImages(checkpoint, images.train().size(), job, folder);
        resumed = Resumption.within(checkpoint.step(), plan.steps(), folder);
        return checkpoint.state();
    }

    private Optional<KnnEvaluation> evaluation() {
        if (images.val().isEmpty() || !images.train().labelled()) {
            notice(
                    "k-NN accuracy isn't measured: "
                            + job.getDataset().getPath()
                            + " has no val/CLASS folders");
            return Optional.empty();
        }
        return Optional.of(new KnnEvaluation(torch, job, images, settings, this::notice));
    }

    private JobStarted started() {
        long heads =
                trained.parameters().weights().stream().mapToLong(w -> w.length()).sum()
                        - trained.backbone().parameterCount();
        return JobStarted.newBuilder()
                .setTotalSteps(plan.steps())
                .setStepsPerEpoch(plan.stepsPerEpoch())
                .setEpochs(plan.epoch(plan.steps() - 1) + 1)
                .setBatch(plan.batch())
                .setResumedStep(resumed)
                .setTrainImages(images.train().size())
                .setValImages(images.val().map(val -> val.size()).orElse(0))
                .setClasses(images.train().classNames().size())
                .setDescription(Students.describe(job, trained, heads))
                .setDevice(torch.profile())
                .build();
    }

    /** The random student and the teachers, for the table of before and after. */
    private void measureBefore(BatchLoader loader, ViewPlan views) {
        if (resumed > 0 || evaluation.isEmpty()) {
            return;
        }
        measureStudent(calibrated(loader, views), "student at random", 0, false);
        for (int i = 0; i < teachers.size(); i++) {
            String subject = teachers.size() == 1 ? "teacher" : "teacher " + (i + 1);
            emit(evaluation.get().measure(subject, 0, false, teachers.get(i)::features));
        }
    }

    private StudentState calibrated(BatchLoader loader, ViewPlan views) {
        int count = (int) Math.min(Calibration.MICRO_BATCHES, plan.steps() * plan.microBatches());
        try (Batches batches = loader.batches(new Requests(plan, views.recipes(), 0))) {
            return Calibration.state(torch, student, trained, batches, count);
        }
    }

    private void measureStudent(StudentState state, String subject, int epoch, boolean examples) {
        StateDict weights = Students.backbone(trained, state);
        boolean bfloat16 = job.getPrecision() == Precision.BFLOAT16;
        try (FrozenModule frozen = FrozenModule.of(torch, trained.backbone(), weights, bfloat16)) {
            emit(evaluation.orElseThrow().measure(subject, epoch, examples, frozen::features));
        }
    }

    private void train(Distillation loop) {
        EpochMeter epoch = new EpochMeter();
        long every = job.getCheckpoints().getEverySteps();
        while (loop.hasNext() && !cancelled) {
            StepDone done = loop.step();
            emit(Progress.newBuilder().setStep(done));
            epoch.add(done);
            long last = done.getStep() - 1;
            if (plan.endsEpoch(last)) {
                emit(Progress.newBuilder().setEpoch(epoch.read()));
                measureAfter(done, loop);
            }
            boolean due =
                    every > 0
                            ? done.getStep() % every == 0
                            : plan.endsEpoch(last) && minuteSinceCheckpoint();
            if (due || !loop.hasNext() || cancelled) {
                checkpoint(done.getStep());
            }
            checkpoints.poll().ifPresent(this::announce);
            loop.pause();
        }
    }

    private void measureAfter(StepDone done, Distillation loop) {
        int every = job.getEvaluation().getEveryEpochs();
        if (evaluation.isPresent() && loop.hasNext() && every > 0 && done.getEpoch() % every == 0) {
            measureStudent(student.state(), "student", done.getEpoch(), false);
        }
    }

    /** Epochs of seconds, as on small data, would write more than they compute. */
    private boolean minuteSinceCheckpoint() {
        return System.nanoTime() - lastCheckpoint > Duration.ofMinutes(1).toNanos();
    }

    private void checkpoint(long step) {
        Origin origin = new Origin(json(job), torch.profile(), images.train().size());
        lastCheckpoint = System.nanoTime();
        StudentState state = student.state();
        checkpoints
                .write(new RunCheckpoint(step, origin, state.sha256(), state))
                .ifPresent(this::announce);
    }

    private void finish(long begun) {
        int epoch = plan.epoch(plan.steps() - 1) + 1;
        StudentState state = student.state();
        if (evaluation.isPresent()) {
            measureStudent(state, "student", epoch, true);
        }
        List<String> files =
                Students.export(folder, job, Students.backbone(trained, state), plan.steps());
        emit(
                Progress.newBuilder()
                        .setFinished(
                                JobFinished.newBuilder()
                                        .setStep(plan.steps())
                                        .setSha256(state.sha256())
                                        .setSeconds((System.nanoTime() - begun) / 1e9)
                                        .addAllExports(files)));
    }

    private static String json(Job job) {
        try {
            return JsonFormat.printer().omittingInsignificantWhitespace().print(job);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("a job without Any fields can always be printed", e);
        }
    }

    /** Once each: the loaders of training and evaluation may meet the same broken picture. */
    private void notice(String text) {
        if (!noticed.add(text)) {
            return;
        }
        emit(Progress.newBuilder().setNotice(Notice.newBuilder().setText(text)));
    }

    private void announce(CheckpointWritten written) {
        emit(Progress.newBuilder().setCheckpoint(written));
    }

    private void emit(EvaluationDone done) {
        emit(Progress.newBuilder().setEvaluation(done));
    }

    /** Decode threads give notices too. */
    private synchronized void emit(Progress.Builder event) {
        progress.accept(event.setTimeMs(System.currentTimeMillis()).build());
    }

    private <T extends AutoCloseable> T opened(T resource) {
        open.push(resource);
        return resource;
    }

    @Override
    public void close() {
        RuntimeException failure = null;
        while (!open.isEmpty()) {
            try {
                open.pop().close();
            } catch (Exception e) {
                failure =
                        failure == null
                                ? new IllegalStateException("a run could not be closed", e)
                                : failure;
                if (failure.getCause() != e) {
                    failure.addSuppressed(e);
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
