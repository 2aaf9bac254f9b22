package org.simreg.worker.train;

import ai.djl.ndarray.NDManager;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.simreg.proto.DataSource;
import org.simreg.proto.Job;
import org.simreg.proto.JobSettings;
import org.simreg.proto.JobStarted;
import org.simreg.proto.Problems;
import org.simreg.proto.TeacherSource;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.Abandoned;
import org.simreg.worker.base.io.Notices;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.dataset.ImageManifest;
import org.simreg.worker.data.loader.BatchLoader;
import org.simreg.worker.data.storage.DatasetOpener;
import org.simreg.worker.data.storage.WeightFiles;
import org.simreg.worker.data.storage.WorkerSettings;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.engine.torch.Transfers;
import org.simreg.worker.engine.torchscript.StepModule;
import org.simreg.worker.engine.torchscript.StudentNetwork;
import org.simreg.worker.engine.torchscript.StudentState;
import org.simreg.worker.engine.torchscript.TrainableStudent;
import org.simreg.worker.exchange.ahead.FeatureInbox;
import org.simreg.worker.exchange.ahead.FeatureMaker;
import org.simreg.worker.exchange.ahead.FeatureShape;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.train.student.StudentBuilder;
import org.simreg.worker.train.teacher.FeatureCache;
import org.simreg.worker.train.teacher.FeatureKey;
import org.simreg.worker.train.teacher.FrozenTeacher;
import org.simreg.worker.train.teacher.HeldTeachers;
import org.simreg.worker.train.teacher.Targets;
import org.simreg.worker.train.teacher.TeacherFeatures;
import org.simreg.worker.train.teacher.TeacherNetworks;
import org.simreg.worker.train.teacher.ViewPlan;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The loader of a job on libtorch: opens data set, teachers and student, and names all that can't
 * be used in one message. {@link #open} shows what a {@link LoadedJob} consists of.
 */
public final class JobLoader {
    private static final Logger LOG = LoggerFactory.getLogger(JobLoader.class);

    private static final Supplier<Runnable> ALONE = () -> () -> {};

    private Job job;
    private final HeldTeachers held;
    private final WorkerSettings settings;
    private final Notices notices;
    private final Problems problems;
    private final LoadedJob.Resources open = new LoadedJob.Resources();

    private JobLoader(Job job, HeldTeachers held, WorkerSettings settings, Notices notices, Problems problems) {
        this.job = job;
        this.held = held;
        this.settings = settings;
        this.notices = notices;
        this.problems = problems;
    }

    /**
     * A job's files, opened.
     *
     * @param here the job with paths of weight files that can be read here
     * @param images empty if the data set can't be used, as the plan
     * @param measured what accuracy is measured with, if that isn't the data set
     * @param teachers those that are held and can be used
     * @param backbone empty if the student's module can't be used, or no student is wanted
     */
    private record Files(
            Torch torch,
            Job here,
            Optional<ImageDataset> images,
            Optional<ImageDataset> measured,
            Optional<TrainingPlan> plan,
            List<FrozenTeacher> teachers,
            Optional<NetworkGraph> backbone) {}

    /**
     * Loads a job, on the thread that will use it.
     *
     * @param job completed, perhaps by an earlier version
     * @param notices sentences for people, also from decode threads
     * @throws Abandoned if nobody wants it any more
     * @throws UserError if data or weights can't be used; the message names all of them
     */
    public static LoadedJob open(Job job, WorkerSettings settings, Notices notices) {
        return open(job, HeldTeachers.ALL, settings, notices);
    }

    /** The opener of jobs on a machine whose device nothing else uses. */
    public static LoadedJob.Opener opener(WorkerSettings settings) {
        return opener(settings, ALONE);
    }

    /**
     * The opener of jobs on a machine.
     *
     * @param deviceTaken asked before a job is loaded, to clear the device; what it gives is run when the job is closed
     */
    public static LoadedJob.Opener opener(WorkerSettings settings, Supplier<Runnable> deviceTaken) {
        return new LoadedJob.Opener() {
            @Override
            public LoadedJob open(Job job, Notices notices) {
                return JobLoader.open(job, HeldTeachers.ALL, settings, notices, deviceTaken);
            }

            @Override
            public LoadedJob openForHelp(Job job, List<Integer> teachers, Notices notices) {
                return JobLoader.open(job, new HeldTeachers(teachers), settings, notices, deviceTaken);
            }
        };
    }

    /**
     * The same, all of the job or what is needed to help with some of its teachers.
     *
     * @param held of which some are what a worker needs that only helps
     */
    static LoadedJob open(Job job, HeldTeachers held, WorkerSettings settings, Notices notices) {
        return open(job, held, settings, notices, ALONE);
    }

    private static LoadedJob open(
            Job job, HeldTeachers held, WorkerSettings settings, Notices notices, Supplier<Runnable> deviceTaken) {
        refuseForeign(job, held, settings);
        JobLoader loader = new JobLoader(JobSettings.renewed(job), held, settings, notices, new Problems());
        try {
            loader.open.add(deviceTaken.get()::run);
            return held.isAll() ? loader.load() : loader.loadForHelp();
        } catch (RuntimeException | Error e) {
            loader.open.close();
            throw e;
        }
    }

    private static void refuseForeign(Job job, HeldTeachers held, WorkerSettings settings) {
        if (settings.torchscript()) {
            return;
        }
        if (held.isAll() && job.getStudent().hasModule()) {
            throw Torch.refusedForeign("student.module: " + job.getStudent().getModule());
        }
        for (int i = 0; i < job.getTeachersCount(); i++) {
            String source = job.getTeachers(i).getSource();
            if (held.has(i) && TeacherSource.of(source) instanceof TeacherSource.TorchScript) {
                throw Torch.refusedForeign("teachers[%d].source: %s".formatted(i, source));
            }
        }
    }

    /**
     * Finds what is wrong with the files of a job whose settings are refused already.
     *
     * @param job with every default, perhaps out of bounds
     */
    public static void findProblems(Job job, WorkerSettings settings, Problems problems) {
        JobLoader tried = new JobLoader(job, HeldTeachers.ALL, settings, notice -> {}, problems);
        try {
            tried.files();
        } catch (RuntimeException e) {
            LOG.debug("A wrong setting stands before the files", e);
        } finally {
            tried.open.close();
        }
    }

    /**
     * Lists the train images of a job, without opening anything else of it.
     *
     * @throws UserError if the data set can't be used
     */
    public static ImageList images(Job job, WorkerSettings settings) {
        return DatasetOpener.open(job, settings, notice -> {}).train();
    }

    private LoadedJob load() {
        Files files = files();
        problems.refuse("The job is refused");
        job = job.toBuilder().setViews(files.here.getViews()).build(); // as the teachers decide
        StudentNetwork trained = StudentBuilder.of(job, files.teachers, files.backbone.orElseThrow());
        StudentBuilder.refuseOtherStart(files.here, trained, notices);
        StudentBuilder.notice(trained, notices);
        ImageDataset images = files.images.orElseThrow();
        TrainingPlan plan = files.plan.orElseThrow();
        ViewPlan views = ViewPlan.of(job, trained.selfTaught());
        BatchLoader loader = loader(images);
        Targets targets = new Targets(files.torch, views, features(files, views), loader);
        StepClock clock =
                open.add(new StepClock(targets.size(), files.torch.transfers().timeline()));
        FeatureShape shape = shape(files.torch, plan, targets.widths());
        Optional<FeatureInbox> inbox =
                trained.selfTaught() ? Optional.empty() : Optional.of(open.add(new FeatureInbox(shape, notices)));
        TeacherInputs.Sources sources = new TeacherInputs.Sources(files.torch, targets, loader, inbox, job.getSeed());
        Optional<LoadedJob.Help> help = inbox.map(to ->
                new LoadedJob.Help(to, new TeacherMaker(plan, views.passes().get(0), sources, shape, held)));
        StepInputs inputs = new TeacherInputs(plan, views, sources, clock);
        open.add(inputs::clear);
        EvaluationPlan.Parts measured = new EvaluationPlan.Parts(files.torch, trained, files.teachers, loader);
        Optional<KnnEvaluation.Compared> compared = compared(files.measured.orElse(images), images);
        Evaluations evaluations =
                compared.map(some -> evaluations(some, plan, views, measured)).orElse(Evaluations.NONE);
        return new LoadedJob(
                job,
                new LoadedJob.Facts(
                        started(files.torch, trained, images, compared, plan),
                        images.train().sha256(),
                        Optional.of(ImageManifest.of(images.train()))),
                new LoadedJob.Parts(plan, inputs, evaluations, clock, help),
                new TorchStudents(files.torch, files.here, StudentBuilder.layout(job, trained)),
                open);
    }

    /** Without a student, and with the teachers that are held only. */
    private LoadedJob loadForHelp() {
        Files files = files();
        problems.refuse("The job can't be helped");
        job = job.toBuilder().setViews(files.here.getViews()).build(); // as the teachers decide
        ImageDataset images = files.images.orElseThrow();
        TrainingPlan plan = files.plan.orElseThrow();
        ViewPlan views = ViewPlan.of(job, false).of(held);
        BatchLoader loader = loader(images);
        Targets targets = new Targets(files.torch, views, features(files, views), loader);
        Integer[] widths = new Integer[job.getTeachersCount()];
        Arrays.setAll(widths, i -> held.has(i) ? targets.widths().get(held.place(i)) : 0);
        FeatureShape shape = shape(files.torch, plan, List.of(widths));
        FeatureInbox inbox = open.add(new FeatureInbox(shape, notices));
        TeacherInputs.Sources sources =
                new TeacherInputs.Sources(files.torch, targets, loader, Optional.empty(), job.getSeed());
        FeatureMaker maker = new TeacherMaker(plan, views.passes().get(0), sources, shape, held);
        JobStarted started = started(files.torch, images, plan).build();
        return new LoadedJob(
                job,
                new LoadedJob.Facts(started, images.train().sha256()),
                new LoadedJob.Parts(
                        plan,
                        HelpOnly.NONE,
                        Evaluations.NONE,
                        new StepClock(0),
                        Optional.of(new LoadedJob.Help(inbox, maker))),
                HelpOnly.NONE,
                open);
    }

    private BatchLoader loader(ImageDataset images) {
        BatchLoader.Settings decoding =
                settings.loader(job.getSeed()).training(job.getDataset().getMaxBroken());
        return open.add(new BatchLoader(images.train(), decoding, notices));
    }

    private FeatureShape shape(Torch torch, TrainingPlan plan, List<Integer> widths) {
        return new FeatureShape(plan.batch() / plan.microBatches(), widths, torch.profile(), job.getExact());
    }

    /** Between the parts of loading, each of which may take minutes: the memory is wanted for another job. */
    private void requireWanted() {
        if (!notices.wanted()) {
            throw new Abandoned("the job was given up while it was loaded");
        }
    }

    /** Opens data set and teachers, and finds the student. */
    private Files files() {
        Torch torch = open.add(new Torch(settings.device(), settings.threads(), settings.torchscript()));
        torch.enter();
        requireWanted();
        Optional<ImageDataset> images = problems.attempt(
                "dataset.path", () -> notices.waiting(() -> DatasetOpener.open(job, settings, notices)));
        Optional<ImageDataset> measured = DataSource.evaluation(job)
                .filter(data -> held.isAll())
                .flatMap(data -> problems.attempt(
                        "evaluation.data", () -> notices.waiting(() -> DatasetOpener.open(data, settings, notices))));
        Optional<TrainingPlan> plan = images.flatMap(found -> problems.attempt(
                "dataset.path", () -> TrainingPlan.of(job, found.train().size())));
        requireWanted();
        Job wanted = held.isAll() ? job : job.toBuilder().clearStudent().build();
        Optional<Job> readable = problems.attempt(
                "teachers.source",
                () -> notices.waiting(() -> WeightFiles.here(
                        wanted, teacher -> TeacherNetworks.reads(wanted, held, teacher), settings, notices)));
        Job here = readable.map(found -> TeacherNetworks.named(found, held, notices, problems))
                .orElse(wanted);
        requireWanted();
        List<FrozenTeacher> teachers =
                readable.isPresent() ? FrozenTeacher.load(torch, here, held, problems, notices) : List.of();
        teachers.forEach(open::add);
        requireWanted();
        Optional<NetworkGraph> backbone = held.isAll()
                ? problems.attempt("student.module", () -> StudentBuilder.backbone(torch, here))
                : Optional.empty();
        return new Files(torch, here, images, measured, plan, teachers, backbone);
    }

    private List<TeacherFeatures> features(Files files, ViewPlan views) {
        ImageList train = files.images.orElseThrow().train();
        FeatureKey keys = new FeatureKey(files.here, train.sha256(), files.torch.profile());
        List<TeacherFeatures> features = new FeatureCache(files.here, keys, train.size(), settings, notices)
                .open(files.torch.transfers(), files.teachers, held, views);
        features.forEach(open::add);
        return features;
    }

    private Optional<KnnEvaluation.Compared> compared(ImageDataset measured, ImageDataset images) {
        Optional<KnnEvaluation.Compared> compared = KnnEvaluation.Compared.of(measured);
        if (compared.isEmpty()) {
            refuseBest(KnnEvaluation.Compared.why(measured));
            notices.accept("k-NN accuracy isn't measured: " + KnnEvaluation.Compared.why(measured));
        } else if (compared.get().inside()) {
            String where = measured != images
                    ? "the images of evaluation.data"
                    : measured.val().isEmpty() ? "train" : "val";
            String why = measured.val().isEmpty() ? measured.noVal() : "train has no classes";
            notices.accept(
                    "k-NN accuracy is measured inside %s, each image against all others: %s".formatted(where, why));
        }
        return compared;
    }

    private void refuseBest(String why) {
        boolean keeps = job.getCheckpoints().getKeepBest() > 0;
        if (keeps || job.getEvaluation().getPatience() > 0) {
            throw new UserError(
                    "%s needs k-NN accuracy, which can't be measured: %s; leave it out, or name labelled images as evaluation.data"
                            .formatted(keeps ? "checkpoints.keep_best" : "evaluation.patience", why));
        }
    }

    private Evaluations evaluations(
            KnnEvaluation.Compared images, TrainingPlan plan, ViewPlan views, EvaluationPlan.Parts parts) {
        KnnEvaluation evaluation = open.add(new KnnEvaluation(parts.torch(), job, images, settings, notices));
        return new EvaluationPlan(job, plan, views, evaluation, parts);
    }

    private JobStarted started(
            Torch torch,
            StudentNetwork trained,
            ImageDataset images,
            Optional<KnnEvaluation.Compared> compared,
            TrainingPlan plan) {
        long heads = trained.parameters().weights().stream()
                        .mapToLong(w -> w.length())
                        .sum()
                - trained.backbone().parameterCount();
        return started(torch, images, plan)
                .setValImages(compared.map(some -> some.val().size()).orElse(0))
                .setLeaveOneOut(compared.filter(KnnEvaluation.Compared::inside).isPresent())
                .setClasses(compared.map(KnnEvaluation.Compared::searched)
                        .orElse(images.train())
                        .classNames()
                        .size())
                .setDescription(StudentBuilder.describe(job, trained, heads) + FeatureCache.words(job))
                .setLoss(job.getLoss())
                .build();
    }

    private static JobStarted.Builder started(Torch torch, ImageDataset images, TrainingPlan plan) {
        return JobStarted.newBuilder()
                .setTotalSteps(plan.steps())
                .setStepsPerEpoch(plan.stepsPerEpoch())
                .setEpochs(plan.epoch(plan.steps() - 1) + 1)
                .setBatch(plan.batch())
                .setTrainImages(images.train().size())
                .setDevice(torch.profile());
    }

    /** The factory of a job's student as a {@link StepModule} on one device. */
    private record TorchStudents(Torch torch, Job here, StudentState.Layout layout) implements LoadedJob.StudentMaker {
        @Override
        public StudentState start() {
            return StudentBuilder.start(here, layout.trained());
        }

        @Override
        public TrainableStudent make(StudentState state) {
            return new StepModule(torch, layout.trained(), StudentBuilder.settings(here), state);
        }

        @Override
        public NDManager scope() {
            return torch.scope();
        }

        @Override
        public Transfers transfers() {
            return torch.transfers();
        }
    }
}
