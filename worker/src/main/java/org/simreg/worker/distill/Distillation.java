package org.simreg.worker.distill;

import ai.djl.ndarray.NDArray;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.simreg.proto.StepDone;
import org.simreg.worker.data.Batches;
import org.simreg.worker.distill.StepClock.Part;
import org.simreg.worker.distill.ViewPlan.Pass;
import org.simreg.worker.reduce.Reduce;
import org.simreg.worker.torchscript.StepModule;
import org.simreg.worker.torchscript.Torch;

/**
 * The training loop of one worker. A step is teacher forward, student forward and backward, reduce,
 * update; while the gradients of a step travel, the next step's images are decoded and shown to the
 * teachers, which don't depend on the student. A momentum teacher does, and waits.
 */
final class Distillation implements AutoCloseable {
    private final Torch torch;
    private final Plan plan;
    private final Schedule schedule;
    private final ViewPlan views;
    private final List<Teacher> teachers;
    private final StepModule student;
    private final Reduce reduce;
    private final StepClock clock = new StepClock();
    private Batches batches;
    private Prepared next;
    private long step;

    /** What a step needs, ready made; the distillation closes none of it. */
    record Parts(Torch torch, List<Teacher> teachers, StepModule student, Reduce reduce) {}

    /**
     * @param teachers of the parts: none for a momentum teacher
     */
    Distillation(Plan plan, Schedule schedule, ViewPlan views, Parts parts) {
        this.plan = plan;
        this.schedule = schedule;
        this.views = views;
        this.torch = parts.torch;
        this.teachers = parts.teachers;
        this.student = parts.student;
        this.reduce = parts.reduce;
    }

    /**
     * Starts at a step.
     *
     * @param from steps already committed
     * @param batches the images of {@link Requests} from that step
     */
    void start(long from, Batches batches) {
        this.batches = batches;
        step = from;
        torch.enter();
        clock.read();
        next = hasNext() ? prepare() : null;
    }

    boolean hasNext() {
        return step < plan.steps();
    }

    /** Steps committed since the job began. */
    long committed() {
        return step;
    }

    /** Computes and commits one step. */
    StepDone step() {
        Future<NDArray> mean;
        try (Prepared now = next) {
            next = null;
            mean = backward(now);
        }
        next = step + 1 < plan.steps() ? prepare() : null;
        NDArray vector = await(mean);
        clock.charge(Part.REDUCE);
        double loss = student.loss(vector);
        student.update(vector, schedule.rate(step), schedule.decay(step));
        clock.charge(Part.UPDATE);
        StepDone.Builder done =
                clock.read()
                        .setEpoch(plan.epoch(step) + 1)
                        .setLoss(loss)
                        .setLr(schedule.rate(step));
        step++;
        return done.setStep(step).setImages(plan.batch()).build();
    }

    /** Keeps what happens between two steps out of their times. */
    void pause() {
        clock.skip();
    }

    private Prepared prepare() {
        Prepared prepared = new Prepared(torch);
        try {
            for (int part = 0; part < plan.microBatches(); part++) {
                NDArray[] images = prepared.add(batches.next(), views.recipes().size());
                clock.charge(Part.DATA);
                if (!teachers.isEmpty()) {
                    views.passes()
                            .forEach(
                                    pass ->
                                            prepared.addTargets(
                                                    targets(prepared, images[pass.teacher()])));
                    clock.charge(Part.TEACHER);
                }
            }
            return prepared;
        } catch (RuntimeException e) {
            prepared.close();
            throw e;
        }
    }

    private NDArray[] targets(Prepared prepared, NDArray images) {
        return teachers.stream()
                .map(teacher -> teacher.features(prepared.scope(), images))
                .toArray(NDArray[]::new);
    }

    private Future<NDArray> backward(Prepared now) {
        Reduce.Round round = reduce.begin(step, plan.microBatches() * views.passes().size());
        int leaf = 0;
        for (int part = 0; part < now.microBatches(); part++) {
            for (Pass pass : views.passes()) {
                NDArray[] targets =
                        teachers.isEmpty() ? projection(now, part, pass) : now.targets(leaf);
                student.backward(now.view(part, pass.student()), targets, round.vector());
                clock.charge(Part.STUDENT);
                round.offer(leaf++);
                clock.charge(Part.REDUCE);
            }
        }
        return round.mean();
    }

    private NDArray[] projection(Prepared now, int part, Pass pass) {
        NDArray[] projection = {student.project(now.scope(), now.view(part, pass.teacher()))};
        clock.charge(Part.TEACHER);
        return projection;
    }

    private static NDArray await(Future<NDArray> mean) {
        try {
            return mean.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for the gradients", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException(
                    "the gradients of a step could not be summed", e.getCause());
        }
    }

    @Override
    public void close() {
        if (next != null) {
            next.close();
            next = null;
        }
    }
}
