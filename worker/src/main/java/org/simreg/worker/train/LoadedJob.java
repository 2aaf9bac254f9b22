package org.simreg.worker.train;

import ai.djl.ndarray.NDManager;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.simreg.proto.Job;
import org.simreg.proto.JobStarted;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Notices;
import org.simreg.worker.data.dataset.ImageManifest;
import org.simreg.worker.engine.torch.Transfers;
import org.simreg.worker.engine.torchscript.StudentState;
import org.simreg.worker.engine.torchscript.TrainableStudent;
import org.simreg.worker.exchange.ahead.FeatureInbox;
import org.simreg.worker.exchange.ahead.FeatureMaker;
import org.simreg.worker.train.student.ResumeCheck;
import org.simreg.worker.train.student.RunCheckpoint;
import org.simreg.worker.train.student.RunCheckpoint.Origin;

/**
 * A job as one worker has loaded it: plan and inputs of its steps, evaluations in between, and the
 * student with the number of steps that it has taken. {@link JobLoader} makes it, {@link
 * TrainingLoop} trains it; it outlives the generations in which it is trained. One thread uses it,
 * the one that loaded it. Steps count from 0.
 */
public final class LoadedJob implements AutoCloseable {
    private final Job settings;
    private final Facts facts;
    private final Parts parts;
    private final StudentMaker maker;
    private final Resources resources;
    private final LearningSchedule schedule;
    private Optional<TrainableStudent> student = Optional.empty();
    private long committed;
    private long lastCheckpoint = System.nanoTime();

    /** A loader of jobs: {@link JobLoader}, or a toy's in tests. */
    public interface Opener {
        /**
         * Loads data, teachers and student; takes seconds.
         *
         * @param job completed, perhaps by an earlier version
         * @param notices sentences for people, also from decode threads
         * @throws UserError if something the job names can't be used
         */
        LoadedJob open(Job job, Notices notices);

        /**
         * Loads data and some frozen teachers of a job, for a worker that only helps: it has no student and no steps.
         *
         * @param teachers by their place in the job, from 0; at least one
         * @throws UserError if something of these can't be used
         */
        default LoadedJob openForHelp(Job job, List<Integer> teachers, Notices notices) {
            throw new UserError("This worker can't only help: it loads all of a job");
        }
    }

    /**
     * Facts of a job that are known once it is loaded.
     *
     * @param started report that clients get when the job begins; its resumed step is not set
     * @param dataSha256 over order and names of the train images, hexadecimal
     * @param manifest names and sizes of the train images; empty where there are no files
     */
    public record Facts(JobStarted started, String dataSha256, Optional<ImageManifest> manifest) {
        /** Of a job without files. */
        public Facts(JobStarted started, String dataSha256) {
            this(started, dataSha256, Optional.empty());
        }
    }

    /**
     * The parts of a job that its steps use, besides the student.
     *
     * @param plan which samples each step sees
     * @param inputs views and targets of each step
     * @param evaluations what is measured between steps
     * @param clock charged by the inputs and the loop
     * @param help between this worker and others; none without frozen teachers
     */
    public record Parts(
            TrainingPlan plan, StepInputs inputs, Evaluations evaluations, StepClock clock, Optional<Help> help) {
        /** Of a job that can't be helped. */
        public Parts(TrainingPlan plan, StepInputs inputs, Evaluations evaluations, StepClock clock) {
            this(plan, inputs, evaluations, clock, Optional.empty());
        }
    }

    /**
     * The two ends of the help with teachers' features.
     *
     * @param inbox what helpers have sent to this worker as a member
     * @param maker computes features for others
     */
    public record Help(FeatureInbox inbox, FeatureMaker maker) {}

    /** A factory of the student of a job. */
    public interface StudentMaker {
        /** The layout of its state. */
        StudentState.Layout layout();

        /** The state before the first step, a pure function of the job. */
        StudentState start();

        /** The student in a state. */
        TrainableStudent make(StudentState state);

        /** A new scope for native memory on its device; the caller closes it. */
        NDManager scope();

        /** The traffic between its device and the host. */
        Transfers transfers();
    }

    /** Open resources, closed in reverse order, also after a failure. */
    public static final class Resources implements AutoCloseable {
        private final Deque<AutoCloseable> open = new ArrayDeque<>();

        /** Takes a resource over. */
        public <T extends AutoCloseable> T add(T resource) {
            open.push(resource);
            return resource;
        }

        @Override
        public void close() {
            IllegalStateException failure = null;
            while (!open.isEmpty()) {
                try {
                    open.pop().close();
                } catch (Exception e) {
                    if (failure == null) {
                        failure = new IllegalStateException("a job could not be closed", e);
                    } else {
                        failure.addSuppressed(e);
                    }
                }
            }
            if (failure != null) {
                throw failure;
            }
        }
    }

    /**
     * @param settings of the job, completed
     * @param resources closed with this
     */
    public LoadedJob(Job settings, Facts facts, Parts parts, StudentMaker maker, Resources resources) {
        this.settings = settings;
        this.facts = facts;
        this.parts = parts;
        this.maker = maker;
        this.resources = resources;
        schedule = LearningSchedule.of(settings, parts.plan);
    }

    /** The job with every default filled in. */
    Job settings() {
        return settings;
    }

    /** Whether the checkpoints of its best students are kept. */
    public boolean keepsBest() {
        return settings.getCheckpoints().getKeepBest() > 0;
    }

    /** Whether its end or what it keeps depends on the ranking of its students. */
    public boolean ranksStudents() {
        return keepsBest() || settings.getEvaluation().getPatience() > 0;
    }

    /** The report that clients get when the job begins; its resumed step is not set. */
    public JobStarted started() {
        return facts.started;
    }

    /** SHA-256 over order and names of the train images, hexadecimal. */
    public String dataSha256() {
        return facts.dataSha256;
    }

    /** Which samples each step sees. */
    public TrainingPlan plan() {
        return parts.plan;
    }

    /** Learning rate and decay by step. */
    LearningSchedule schedule() {
        return schedule;
    }

    /** Views and targets of each step. */
    public StepInputs inputs() {
        return parts.inputs;
    }

    /** The help with its teachers' features, if it has frozen ones. */
    public Optional<Help> help() {
        return parts.help;
    }

    /** Whether anything is measured between steps. */
    public boolean measures() {
        return parts.evaluations != Evaluations.NONE;
    }

    /** What is measured between steps. */
    Evaluations evaluations() {
        return parts.evaluations;
    }

    /** Charged by the inputs and the loop. */
    StepClock clock() {
        return parts.clock;
    }

    /** The layout of the student's state. */
    public StudentState.Layout layout() {
        return maker.layout();
    }

    /** Backward passes of a whole step, each a leaf of the reduce. */
    public int leaves() {
        return parts.plan.microBatches() * parts.inputs.passes();
    }

    /** A new scope for native memory; the caller closes it. */
    public NDManager scope() {
        return maker.scope();
    }

    /** The traffic between the student's device and the host. */
    public Transfers transfers() {
        return maker.transfers();
    }

    /** Steps that the student has taken. */
    public long committed() {
        return committed;
    }

    /**
     * The student in its present state; another object after another state is taken.
     *
     * @throws IllegalStateException if no state was taken yet
     */
    public TrainableStudent student() {
        return student.orElseThrow(() -> new IllegalStateException("no state was taken yet"));
    }

    /** Counts a step that the student has taken. */
    void stepped() {
        committed++;
    }

    /** Takes the state that the job starts from. */
    public void start() {
        take(0, maker.start());
    }

    /**
     * Takes a state that others computed. The student is made anew: it keeps weights that were
     * rounded from the old ones.
     */
    public void take(long step, StudentState state) {
        forget();
        student = Optional.of(maker.make(state));
        committed = step;
        parts.inputs.release(step - 1);
    }

    /**
     * Takes a stored state.
     *
     * @return a sentence if the images have changed since, and the job allows it
     * @throws UserError if the file is damaged or of another job, data set or, for an exact job,
     *     numeric profile
     */
    public Optional<String> take(Path file) {
        RunCheckpoint checkpoint = RunCheckpoint.read(file, maker.layout().trained());
        ResumeCheck.check(checkpoint, file, settings, facts.started.getDevice());
        Optional<String> changed = ResumeCheck.sameImages(checkpoint, images(), facts.manifest, settings);
        long step = ResumeCheck.within(checkpoint.step(), parts.plan.steps());
        take(step, checkpoint.state());
        return changed;
    }

    /** Closes the student, if there is one. */
    void forget() {
        student.ifPresent(TrainableStudent::close);
        student = Optional.empty();
    }

    /** A copy of the state; waits for the device. */
    public RunCheckpoint.Snapshot snapshot() {
        Origin origin = new Origin(json(settings), facts.started.getDevice(), images(), facts.manifest);
        return new RunCheckpoint.Snapshot(committed, origin, student().state(), maker.layout());
    }

    /** A copy of the state that will be stored. */
    public RunCheckpoint.Snapshot checkpoint() {
        lastCheckpoint = System.nanoTime();
        return snapshot();
    }

    /** Time since the last {@link #checkpoint}, or since the job was loaded. */
    Duration sinceCheckpoint() {
        return Duration.ofNanos(System.nanoTime() - lastCheckpoint);
    }

    private int images() {
        return Math.toIntExact(facts.started.getTrainImages());
    }

    private static String json(Job job) {
        try {
            return JsonFormat.printer().omittingInsignificantWhitespace().print(job);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("a job without Any fields can always be printed", e);
        }
    }

    @Override
    public void close() {
        forget();
        resources.close();
    }
}
