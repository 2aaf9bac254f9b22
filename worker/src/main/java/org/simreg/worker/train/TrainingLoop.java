package org.simreg.worker.train;

import ai.djl.ndarray.NDArray;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.Generation.Measurement;
import org.simreg.proto.StepDone;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.Abandoned;
import org.simreg.worker.engine.torchscript.TrainableStudent;
import org.simreg.worker.exchange.ahead.EvaluationShares;
import org.simreg.worker.exchange.ahead.PartOutbox;
import org.simreg.worker.exchange.reduce.LocalReduce;
import org.simreg.worker.exchange.reduce.Reduce;
import org.simreg.worker.train.StepClock.Part;
import org.simreg.worker.train.StepInputs.MicroBatch;
import org.simreg.worker.train.student.RunCheckpoint;
import org.simreg.worker.train.student.StudentRanking;
import org.slf4j.MDC;

/**
 * The training loop of a job on one member: {@link #run} goes step after step to the end, {@link
 * #step} is one step. One thread runs it; steps count from 0. It knows nothing of other members but
 * the mean gradient that the reduce gives, and that they share its evaluations.
 *
 * <p>Where a step goes on: views and targets in {@link TeacherInputs}; loss and gradient in {@link
 * TrainableStudent#backward}, written by {@code StepCode} and {@code LossCode} ({@code
 * engine.torchscript}); the mean of all members' gradients in {@link Reduce}; the optimizer in
 * {@link TrainableStudent#update}. {@code GenerationRun} ({@code member.generation}) runs the loop on a
 * worker and reports its events.
 */
public final class TrainingLoop {
    /** Epochs of seconds, as on small data, would write more than they compute. */
    private static final Duration BETWEEN_EPOCH_CHECKPOINTS = Duration.ofMinutes(1);

    /** How often a member that waits looks whether it is halted. */
    private static final long AWAIT_MS = 100;

    private final LoadedJob job;
    private final TrainingPlan plan;
    private final LearningSchedule schedule;
    private final StepInputs inputs;
    private final StepClock clock;
    private final Reduce reduce;
    private final boolean leads;
    private final EvaluationShares shares;
    private final Set<Measurement> measured;
    private final List<EvaluationDone> scores;
    private final BooleanSupplier halted;
    private final Events events;

    /** Whether a digest is copied and hashed while the device computes the next step. */
    private final boolean copies;

    /** Step of the last checkpoint that was given; -1 before there was one. */
    private long given = -1;

    /** Tells of the last step, whose digest is on its way. */
    private Optional<Runnable> untold = Optional.empty();

    /** A listener to the loop, called in order on its thread. */
    public interface Events {
        /**
         * A step is committed on this member: its student has taken it. The job has it once {@code LedgerWriter} does.
         *
         * @param sha256 of the state, where all members are to compare it; otherwise empty
         */
        void committed(StepDone done, String sha256);

        /**
         * Something was measured; only from the member that leads. Where the best students are kept, the checkpoint of
         * a trained student's step was given before.
         */
        void measured(EvaluationDone done);

        /** A checkpoint is due; only from the member that leads. */
        void checkpoint(RunCheckpoint.Snapshot snapshot);

        /** All steps are done and all is measured; only from the member that leads. */
        void trained(RunCheckpoint.Snapshot end);
    }

    /**
     * The part of a member in a job, besides its share of the steps.
     *
     * @param leads whether it measures and gives checkpoints; one member of a job does
     * @param shares how others take part in what it measures, or it in what another does
     * @param measured evaluations that needn't be made again
     * @param scores what they gave, as far as it decides whether the job ends early
     */
    public record Role(boolean leads, EvaluationShares shares, Set<Measurement> measured, List<EvaluationDone> scores) {
        /** The only member, from the job's first step. */
        public static final Role ALONE = new Role(true, Set.of(), List.of());

        /** Of a member that shares no evaluation. */
        public Role(boolean leads, Set<Measurement> measured, List<EvaluationDone> scores) {
            this(leads, EvaluationShares.NONE, measured, scores);
        }

        public Role {
            measured = Set.copyOf(measured);
            scores = List.copyOf(scores);
        }
    }

    /**
     * A loop from the job's state to its end.
     *
     * @param job has taken the state to begin with, and knows this member's share
     * @param halted asked before anything is changed; once true, {@link #run} ends
     */
    public TrainingLoop(LoadedJob job, Reduce reduce, Role role, BooleanSupplier halted, Events events) {
        this.job = job;
        this.reduce = reduce;
        this.halted = halted;
        this.events = events;
        leads = role.leads;
        shares = role.shares;
        measured = new HashSet<>(role.measured);
        scores = new ArrayList<>(role.scores);
        plan = job.plan();
        schedule = job.schedule();
        inputs = job.inputs();
        clock = job.clock();
        copies = job.transfers().copies();
    }

    /**
     * Trains to the end of the job: to its last step, or until its accuracy hasn't risen for long enough. Only the
     * member that leads knows of an early end that comes in this run; without it the others take no further step.
     *
     * @throws Abandoned if it is halted, or another member's gradients won't come; the job keeps
     *     the state after its last whole step
     * @throws UserError if the loss is no number
     */
    public void run() {
        try {
            train();
        } catch (RuntimeException | Error e) {
            try {
                tell();
            } catch (RuntimeException second) {
                e.addSuppressed(second);
            }
            throw e;
        }
    }

    private void train() {
        evaluate(); // what is due before the first step
        while (!ended()) {
            checkHalt();
            StepDone done = step(job.committed());
            if (digestDue()) {
                Supplier<String> sha256 = job.student().digestAhead();
                untold = Optional.of(() -> events.committed(done, sha256.get()));
            } else {
                events.committed(done, "");
            }
            if (!copies) {
                tell();
            }
            if (job.committed() < plan.steps()) {
                if (leads && checkpointDue()) {
                    giveCheckpoint();
                }
                evaluate();
            }
        }
        tell();
        evaluate();
        if (leads) {
            checkHalt();
            events.trained(job.checkpoint());
        } else {
            awaitCollected();
        }
    }

    /**
     * One step: views, targets, loss and gradient of this member's share, mean over all members,
     * update.
     *
     * @return its loss and times
     * @throws Abandoned if it is halted, or another member's gradients won't come; nothing is
     *     changed then
     */
    public StepDone step(long step) {
        MDC.put("step", String.valueOf(step + 1));
        inputs.prepare(step); // nothing to do where it was made ahead
        Reduce.Round round = reduce.begin(step, job.leaves());
        backward(job, step, round);
        if (untold.isPresent()) {
            tell(); // the device has enough to do
            checkHalt();
        }
        Future<NDArray> mean = round.mean(); // gradients travel ...
        Optional<DoubleSupplier> loss =
                mean.isDone() ? Optional.of(job.student().lossAhead(await(mean))) : Optional.empty();
        inputs.prepare(step + 1); // ... while the next step is decoded and shown to the teachers
        NDArray gradient = await(mean);
        checkHalt();
        return update(step, gradient, loss.orElseGet(() -> job.student().lossAhead(gradient)));
    }

    /** Tells of a step that was taken, if it is not told yet. */
    private void tell() {
        Optional<Runnable> last = untold;
        untold = Optional.empty();
        last.ifPresent(Runnable::run);
    }

    /**
     * Computes loss and gradient of every micro-batch of this member's share and offers them as
     * leaves to the reduce, which sums them in a tree of fixed shape.
     */
    public static void backward(LoadedJob job, long step, Reduce.Round round) {
        TrainableStudent student = job.student();
        for (MicroBatch part : job.inputs().of(step)) {
            NDArray[] targets = part.targets(student); // a momentum teacher asks the student
            student.backward(part.images(), targets, round.vector(), part.draws());
            job.clock().charge(Part.STUDENT);
            round.offer(part.leaf()); // whole subtrees leave at once
            job.clock().charge(Part.REDUCE);
        }
    }

    /**
     * Commits a step: moves the student by the optimizer and lets the step's inputs go.
     *
     * @param gradient mean of all leaves, with their mean loss; overwritten
     * @throws UserError if the loss is no number, or the norm of a gradient that is clipped
     */
    public StepDone update(long step, NDArray gradient) {
        return update(step, gradient, job.student().lossAhead(gradient));
    }

    private StepDone update(long step, NDArray gradient, DoubleSupplier read) {
        clock.charge(Part.REDUCE);
        TrainableStudent student = job.student();
        double loss = finite("the loss", read.getAsDouble(), step);
        OptionalDouble norm = student.update(gradient, schedule.rates(step));
        norm.ifPresent(length -> finite("the gradient's norm", length, step));
        clock.charge(Part.UPDATE);
        job.stepped();
        inputs.release(step); // only now: an abandoned step is done again with the same views
        StepDone.Builder done = clock.read()
                .setEpoch(plan.epoch(step) + 1)
                .setLoss(loss)
                .setLr(schedule.rate(step))
                .setStep(step + 1)
                .setImages(plan.batch());
        norm.ifPresent(done::setGradientNorm);
        return done.build();
    }

    /**
     * Ends a run with a loss or a gradient that is no number: no step leads back, the rest would be lost time.
     */
    private double finite(String what, double value, long step) {
        if (Double.isFinite(value)) {
            return value;
        }
        throw new UserError("%s of step %d is %s at the learning rate %s; choose a lower optimization.lr, %s"
                .formatted(
                        what,
                        step + 1,
                        value,
                        schedule.rate(step),
                        "or warmup_epochs, and look for a teacher that gives such features"));
    }

    private boolean ended() {
        boolean patient = job.settings().getEvaluation().getPatience() > 0;
        return job.committed() >= plan.steps()
                || patient
                        && StudentRanking.of(job.settings(), scores)
                                .end()
                                .filter(end -> job.committed() >= end)
                                .isPresent();
    }

    /** Makes the evaluations that are due now, or this member's part of them. */
    private void evaluate() {
        if (!leads && shares == EvaluationShares.NONE) {
            return;
        }
        for (Measurement due : job.evaluations().due(job.committed())) {
            if (measured.add(due)) {
                tell();
                checkHalt();
                if (leads && job.committed() > 0 && job.keepsBest()) {
                    giveCheckpoint();
                }
                Evaluations.Now now = new Evaluations.Now(job.committed(), job.student(), shares, halted);
                job.evaluations().measure(due, now).ifPresent(this::measured);
            }
        }
        clock.skip();
    }

    private void measured(EvaluationDone measured) {
        EvaluationDone done = measured.toBuilder().setStep(job.committed()).build();
        scores.add(done.toBuilder().clearExamples().build());
        events.measured(done);
    }

    /** The features that this member has sent last would be lost if it ended before they are there. */
    private void awaitCollected() {
        while (shares instanceof PartOutbox to && !to.awaitCollected(AWAIT_MS)) {
            checkHalt();
        }
    }

    private void giveCheckpoint() {
        tell();
        if (given != job.committed()) {
            given = job.committed();
            events.checkpoint(job.checkpoint());
        }
    }

    /** Also where the job may end early. */
    private boolean digestDue() {
        long every = job.settings().getCheckpoints().getDigestSteps();
        boolean mayEnd = job.settings().getEvaluation().getPatience() > 0
                && !job.evaluations().due(job.committed()).isEmpty();
        return mayEnd || job.committed() == plan.steps() || every > 0 && job.committed() % every == 0;
    }

    private boolean checkpointDue() {
        long every = job.settings().getCheckpoints().getEverySteps();
        return every > 0
                ? job.committed() % every == 0
                : plan.endsEpoch(job.committed() - 1) && job.sinceCheckpoint().compareTo(BETWEEN_EPOCH_CHECKPOINTS) > 0;
    }

    private void checkHalt() {
        if (halted.getAsBoolean()) {
            throw new Abandoned("halted");
        }
    }

    /**
     * Waits for what other members send.
     *
     * @throws Abandoned if it won't come
     */
    public static <T> T await(Future<T> future) {
        try {
            return future.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Abandoned("interrupted while waiting for the others");
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause
                    ? cause
                    : new IllegalStateException("the gradients could not be summed", e.getCause());
        }
    }

    /**
     * Computes this member's part of a first step with a state of zeros, and forgets it, before the
     * job takes any state: then the first step doesn't take several times as long as those after
     * it, and nobody waits for a newcomer. Nothing is committed: zeros have no finite loss.
     */
    public static void warmUp(LoadedJob job) {
        job.take(0, job.layout().zeros());
        StepInputs inputs = job.inputs();
        try (Reduce reduce = new LocalReduce(job.scope(), job.student()::newOut)) {
            inputs.share(0, 1);
            inputs.prepare(0);
            backward(job, 0, reduce.begin(0, inputs.passes()));
        } finally {
            inputs.clear();
            job.forget();
        }
    }
}
