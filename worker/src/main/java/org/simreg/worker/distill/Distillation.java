package org.simreg.worker.distill;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.Generation.Measurement;
import org.simreg.proto.Job;
import org.simreg.proto.JobStarted;
import org.simreg.proto.Problems;
import org.simreg.proto.StepDone;
import org.simreg.worker.data.BatchLoader;
import org.simreg.worker.data.ImageFolder;
import org.simreg.worker.data.Splits;
import org.simreg.worker.distill.RunCheckpoint.Origin;
import org.simreg.worker.network.Network;
import org.simreg.worker.reduce.LocalReduce;
import org.simreg.worker.reduce.Reduce;
import org.simreg.worker.torchscript.StepModule;
import org.simreg.worker.torchscript.StudentState;
import org.simreg.worker.torchscript.Torch;
import org.simreg.worker.torchscript.Trained;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The distillation of a job by libtorch. */
public final class Distillation implements Training {
    private static final Logger LOG = LoggerFactory.getLogger(Distillation.class);

    private final Job job;

    /** The job with paths of weight files that can be read here. */
    private Job here;

    private final Deque<AutoCloseable> open = new ArrayDeque<>();
    private Torch torch;
    private Splits images;
    private Plan plan;
    private Optional<Network> backbone = Optional.empty();
    private Trained trained;
    private ViewPlan views;
    private Steps steps;
    private Optional<Measurements> measurements;
    private Optional<StepModule> student = Optional.empty();
    private long committed;
    private long lastCheckpoint = System.nanoTime();

    private Distillation(Job job) {
        this.job = job;
    }

    /**
     * Loads a job, on the thread that will use it.
     *
     * @param job completed
     * @param notices sentences for people, also from decode threads
     * @throws org.simreg.proto.UserError if data or weights can't be used; the message names all of
     *     them
     */
    public static Distillation open(Job job, WorkerSettings settings, Consumer<String> notices) {
        Distillation opened = new Distillation(job);
        try {
            opened.load(settings, notices);
            return opened;
        } catch (RuntimeException | Error e) {
            opened.close();
            throw e;
        }
    }

    /**
     * Finds what is wrong with the files of a job whose settings are refused already.
     *
     * @param job with every default, perhaps out of bounds
     */
    public static void findProblems(Job job, WorkerSettings settings, Problems problems) {
        Distillation tried = new Distillation(job);
        try {
            tried.files(settings, notice -> {}, problems);
        } catch (RuntimeException e) {
            LOG.debug("A wrong setting stands before the files", e);
        } finally {
            tried.close();
        }
    }

    private void load(WorkerSettings settings, Consumer<String> notices) {
        Problems problems = new Problems();
        List<Teacher> teachers = files(settings, notices, problems);
        problems.refuse("The job is refused");
        trained = Students.of(job, teachers, backbone.orElseThrow());
        Students.refuseOtherStart(here, trained);
        Students.notice(trained, notices);
        views = ViewPlan.of(job, trained.selfTaught());
        List<TeacherFeatures> features = features(settings, teachers, notices);
        BatchLoader loader =
                opened(new BatchLoader(images.train(), settings.loader(job.getSeed()), notices));
        Targets targets = new Targets(torch, views, features, loader);
        Steps.Parts parts = new Steps.Parts(torch, targets, loader, job.getSeed());
        steps = opened(new Steps(plan, Schedule.of(job, plan), views, parts));
        measurements = measurements(settings, teachers, loader, notices);
    }

    /** Opens data set and teachers, and finds the student. */
    private List<Teacher> files(
            WorkerSettings settings, Consumer<String> notices, Problems problems) {
        torch = opened(new Torch(settings.device(), settings.threads()));
        torch.enter();
        problems.attempt("dataset.path", () -> ImageParts.open(job, settings, notices))
                .ifPresent(found -> images = found);
        if (images != null) {
            problems.attempt("dataset.path", () -> Plan.of(job, images.train().size()))
                    .ifPresent(found -> plan = found);
        }
        List<Teacher> teachers = teachers(settings, notices, problems);
        backbone = problems.attempt("student.module", () -> Students.backbone(torch, here));
        return teachers;
    }

    private List<Teacher> teachers(
            WorkerSettings settings, Consumer<String> notices, Problems problems) {
        Optional<Job> readable =
                problems.attempt("teachers.source", () -> WeightFiles.here(job, settings, notices));
        here = readable.orElse(job);
        List<Teacher> teachers =
                readable.map(found -> Teachers.load(torch, found, problems)).orElse(List.of());
        teachers.forEach(this::opened);
        return teachers;
    }

    private List<TeacherFeatures> features(
            WorkerSettings settings, List<Teacher> teachers, Consumer<String> notices) {
        ImageFolder train = images.train();
        FeatureKey keys = new FeatureKey(here, train.sha256(), torch.profile());
        List<TeacherFeatures> features =
                new KeptFeatures(here, keys, train.size(), settings, notices).open(teachers, views);
        features.forEach(this::opened);
        return features;
    }

    private Optional<Measurements> measurements(
            WorkerSettings settings,
            List<Teacher> teachers,
            BatchLoader loader,
            Consumer<String> notices) {
        if (images.val().isEmpty() || !images.train().labelled()) {
            notices.accept(
                    "k-NN accuracy isn't measured: "
                            + job.getDataset().getPath()
                            + " has no val/CLASS folders");
            return Optional.empty();
        }
        KnnEvaluation evaluation = opened(new KnnEvaluation(torch, job, images, settings, notices));
        Measurements.Parts parts = new Measurements.Parts(torch, trained, teachers, loader);
        return Optional.of(new Measurements(job, plan, views, evaluation, parts));
    }

    @Override
    public JobStarted started() {
        long heads =
                trained.parameters().weights().stream().mapToLong(w -> w.length()).sum()
                        - trained.backbone().parameterCount();
        return JobStarted.newBuilder()
                .setTotalSteps(plan.steps())
                .setStepsPerEpoch(plan.stepsPerEpoch())
                .setEpochs(plan.epoch(plan.steps() - 1) + 1)
                .setBatch(plan.batch())
                .setTrainImages(images.train().size())
                .setValImages(images.val().map(val -> val.size()).orElse(0))
                .setClasses(images.train().classNames().size())
                .setDescription(Students.describe(job, trained, heads) + KeptFeatures.words(job))
                .setDevice(torch.profile())
                .setLoss(job.getLoss())
                .build();
    }

    @Override
    public String dataSha256() {
        return images.train().sha256();
    }

    @Override
    public int microBatches() {
        return plan.microBatches();
    }

    @Override
    public int passes() {
        return views.passes().size();
    }

    @Override
    public long steps() {
        return plan.steps();
    }

    @Override
    public NDManager scope() {
        return torch.scope();
    }

    @Override
    public NDArray newOut(NDManager scope) {
        return student().newOut(scope);
    }

    @Override
    public long committed() {
        return committed;
    }

    private StepModule student() {
        return student.orElseThrow(() -> new IllegalStateException("no state was taken yet"));
    }

    @Override
    public void rehearse() {
        load(0, StudentState.zeros(trained));
        try (Reduce reduce = new LocalReduce(scope(), this::newOut)) {
            share(0, 1);
            prepare(0);
            backward(reduce.begin(0, passes()));
        } finally {
            steps.close();
            student().close();
            student = Optional.empty();
        }
    }

    @Override
    public void start() {
        load(0, Students.start(here, trained));
    }

    /** The module is made anew: it keeps weights that were rounded from the old ones. */
    @Override
    public void load(long step, StudentState state) {
        student.ifPresent(StepModule::close);
        student = Optional.empty();
        student = Optional.of(new StepModule(torch, trained, Students.settings(job), state));
        committed = step;
        steps.forgetTo(step - 1);
    }

    @Override
    public void load(Path file) {
        RunCheckpoint checkpoint = RunCheckpoint.read(file, trained);
        Resumption.check(checkpoint, file, job, torch.profile());
        Resumption.sameImages(checkpoint, images.train().size(), job, file);
        load(Resumption.within(checkpoint.step(), plan.steps(), file), checkpoint.state());
    }

    @Override
    public void share(int first, int count) {
        steps.share(first, count);
    }

    @Override
    public void prepare(long step) {
        steps.prepare(step);
    }

    @Override
    public void backward(Reduce.Round round) {
        steps.backward(committed, student(), round);
    }

    @Override
    public StepDone commit(NDArray mean) {
        StepDone done = steps.commit(committed, student(), mean);
        committed++;
        return done;
    }

    @Override
    public void pause() {
        steps.pause();
    }

    @Override
    public List<Measurement> due() {
        return measurements.map(all -> all.due(committed)).orElse(List.of());
    }

    @Override
    public EvaluationDone measure(Measurement what, BooleanSupplier stop) {
        return measurements.orElseThrow().measure(what, committed, student(), stop);
    }

    @Override
    public boolean digestDue() {
        long every = job.getCheckpoints().getDigestSteps();
        return committed == plan.steps() || every > 0 && committed % every == 0;
    }

    /** Epochs of seconds, as on small data, would write more than they compute. */
    @Override
    public boolean checkpointDue() {
        long every = job.getCheckpoints().getEverySteps();
        if (committed == plan.steps()) {
            return true;
        }
        return every > 0
                ? committed % every == 0
                : plan.endsEpoch(committed - 1)
                        && System.nanoTime() - lastCheckpoint > Duration.ofMinutes(1).toNanos();
    }

    @Override
    public Snapshot snapshot() {
        Origin origin = new Origin(json(job), torch.profile(), images.train().size());
        lastCheckpoint = System.nanoTime();
        return new Copy(committed, origin, student().state(), trained);
    }

    private static String json(Job job) {
        try {
            return JsonFormat.printer().omittingInsignificantWhitespace().print(job);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("a job without Any fields can always be printed", e);
        }
    }

    private <T extends AutoCloseable> T opened(T resource) {
        open.push(resource);
        return resource;
    }

    @Override
    public void close() {
        student.ifPresent(StepModule::close);
        student = Optional.empty();
        RuntimeException failure = null;
        while (!open.isEmpty()) {
            try {
                open.pop().close();
            } catch (Exception e) {
                failure =
                        failure == null
                                ? new IllegalStateException("a job could not be closed", e)
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

    /** The digest costs a tenth of a second where it isn't asked for. */
    private static final class Copy implements Snapshot {
        private final long step;
        private final Origin origin;
        private final StudentState state;
        private final Trained trained;
        private String sha256;

        Copy(long step, Origin origin, StudentState state, Trained trained) {
            this.step = step;
            this.origin = origin;
            this.state = state;
            this.trained = trained;
        }

        @Override
        public long step() {
            return step;
        }

        @Override
        public StudentState state() {
            return state;
        }

        @Override
        public synchronized String sha256() {
            if (sha256 == null) {
                sha256 = state.sha256();
            }
            return sha256;
        }

        @Override
        public void write(Path file) {
            new RunCheckpoint(step, origin, sha256(), state).write(file, trained);
        }
    }
}
