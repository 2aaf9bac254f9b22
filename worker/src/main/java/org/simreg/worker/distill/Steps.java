package org.simreg.worker.distill;

import ai.djl.ndarray.NDArray;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.simreg.proto.StepDone;
import org.simreg.proto.UserError;
import org.simreg.worker.data.Batch;
import org.simreg.worker.data.BatchLoader;
import org.simreg.worker.data.Batches;
import org.simreg.worker.data.CounterRandom;
import org.simreg.worker.distill.StepClock.Part;
import org.simreg.worker.distill.ViewPlan.Pass;
import org.simreg.worker.reduce.Reduce;
import org.simreg.worker.torchscript.StepModule;
import org.simreg.worker.torchscript.Torch;

/**
 * The arithmetic of a step on one worker's share of it: teacher forward, student forward and
 * backward, update. The images of a step are decoded and shown to the teachers, which don't depend
 * on the student, while the gradients of the step before travel. A momentum teacher does depend on
 * it, and waits.
 */
final class Steps implements AutoCloseable {
    private final Torch torch;
    private final Plan plan;
    private final Schedule schedule;
    private final ViewPlan views;
    private final Targets targets;
    private final BatchLoader loader;
    private final long seed;
    private final StepClock clock;
    private final NavigableMap<Long, Prepared> ready = new TreeMap<>();
    private int first;
    private int count;
    private Batches batches;
    private long position;

    /**
     * What a step needs, ready made; it closes none of it.
     *
     * @param seed of the job
     */
    record Parts(Torch torch, Targets targets, BatchLoader loader, long seed) {}

    /**
     * @param parts its targets are none for a momentum teacher
     */
    Steps(Plan plan, Schedule schedule, ViewPlan views, Parts parts) {
        this.plan = plan;
        this.schedule = schedule;
        this.views = views;
        torch = parts.torch;
        targets = parts.targets;
        loader = parts.loader;
        seed = parts.seed;
        clock = new StepClock(targets.size());
        count = plan.microBatches();
    }

    /** Which micro-batches of each step are computed from now on. */
    void share(int first, int count) {
        if (first != this.first || count != this.count) {
            close();
            this.first = first;
            this.count = count;
        }
        clock.read();
    }

    /** Makes the share of a step ready, unless it is. */
    void prepare(long step) {
        if (ready.containsKey(step)) {
            return;
        }
        if (batches == null || position != step) {
            closeBatches();
            batches = loader.batches(new Requests(plan, targets::request, step, first, count));
            position = step;
        }
        ready.put(step, make());
        position++;
    }

    private Prepared make() {
        Prepared prepared = new Prepared(torch);
        try {
            for (int part = 0; part < count; part++) {
                Batch batch = batches.next();
                NDArray[] images = prepared.add(batch, views.views());
                clock.charge(Part.DATA);
                if (targets.size() > 0) {
                    views.passes()
                            .forEach(
                                    pass ->
                                            prepared.addTargets(
                                                    targets(prepared, batch, images, pass)));
                }
            }
            return prepared;
        } catch (RuntimeException e) {
            prepared.close();
            throw e;
        }
    }

    /** One teacher after the other: their activations never lie in memory together. */
    private NDArray[] targets(Prepared prepared, Batch batch, NDArray[] images, Pass pass) {
        NDArray[] all = new NDArray[targets.size()];
        for (int i = 0; i < all.length; i++) {
            NDArray view = images[pass.teachers().get(i)];
            all[i] = targets.of(i, pass, prepared.scope(), batch.request(), view);
            clock.chargeTeacher(i);
        }
        return all;
    }

    /** Offers the leaves of the share of a step. */
    void backward(long step, StepModule student, Reduce.Round round) {
        Prepared now = ready.get(step);
        int leaf = first * views.passes().size();
        for (int part = 0; part < count; part++) {
            int target = part * views.passes().size();
            for (Pass pass : views.passes()) {
                NDArray[] sought =
                        targets.size() == 0
                                ? projection(student, now, part, pass)
                                : now.targets(target++);
                long draws = CounterRandom.of(seed, CounterRandom.LAYERS, step, leaf).nextLong();
                student.backward(now.view(part, pass.student()), sought, round.vector(), draws);
                clock.charge(Part.STUDENT);
                round.offer(leaf++);
                clock.charge(Part.REDUCE);
            }
        }
    }

    private NDArray[] projection(StepModule student, Prepared now, int part, Pass pass) {
        NDArray images = now.view(part, pass.teachers().get(0));
        NDArray[] projection = {student.project(now.scope(), images)};
        clock.charge(Part.TEACHER);
        return projection;
    }

    /** Updates the student; what was made ready up to this step is let go. */
    StepDone commit(long step, StepModule student, NDArray mean) {
        clock.charge(Part.REDUCE);
        double loss = finite(student.loss(mean), step);
        student.update(mean, schedule.rate(step), schedule.decay(step));
        clock.charge(Part.UPDATE);
        forgetTo(step);
        return clock.read()
                .setEpoch(plan.epoch(step) + 1)
                .setLoss(loss)
                .setLr(schedule.rate(step))
                .setStep(step + 1)
                .setImages(plan.batch())
                .build();
    }

    /** No step leads back from weights that are no numbers: a run that goes on is lost time. */
    private double finite(double loss, long step) {
        if (Double.isFinite(loss)) {
            return loss;
        }
        throw new UserError(
                "the loss of step %d is %s at the learning rate %s; choose a lower optimization.lr, %s"
                        .formatted(
                                step + 1,
                                loss,
                                schedule.rate(step),
                                "or warmup_epochs, and look for a teacher that gives such features"));
    }

    /** Lets go of what was made ready for steps up to this one. */
    void forgetTo(long step) {
        NavigableMap<Long, Prepared> old = ready.headMap(step, true);
        old.values().forEach(Prepared::close);
        old.clear();
    }

    /** Leaves the time since the last step uncharged. */
    void pause() {
        clock.skip();
    }

    private void closeBatches() {
        if (batches != null) {
            batches.close();
            batches = null;
        }
    }

    /** Lets go of all that was made ready; it can be made again. */
    @Override
    public void close() {
        ready.values().forEach(Prepared::close);
        ready.clear();
        closeBatches();
    }
}
