package org.simreg.worker.cluster;

import ai.djl.ndarray.NDArray;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.simreg.proto.Committed;
import org.simreg.proto.Generation;
import org.simreg.proto.Generation.Measurement;
import org.simreg.proto.Generation.Member;
import org.simreg.proto.Halt;
import org.simreg.proto.Halted;
import org.simreg.proto.Measured;
import org.simreg.proto.Report;
import org.simreg.proto.StepDone;
import org.simreg.proto.Trained;
import org.simreg.worker.distill.Training;
import org.simreg.worker.distill.Training.Snapshot;
import org.simreg.worker.reduce.Abandoned;
import org.simreg.worker.reduce.Circle;
import org.simreg.worker.reduce.ClusterReduce;
import org.simreg.worker.reduce.LocalReduce;
import org.simreg.worker.reduce.PeerTransport;
import org.simreg.worker.reduce.Reduce;
import org.simreg.worker.reduce.StateExchange;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/**
 * One generation on one member: takes the state it starts from, then computes step after step with
 * the others, until it is halted or the job is trained. Rank 0 measures and stores checkpoints
 * besides. It runs on the step thread; orders come from others.
 */
final class Stint {
    private static final Logger LOG = LoggerFactory.getLogger(Stint.class);

    private final Training training;
    private final Generation generation;
    private final Circle circle;
    private final Roads roads;
    private final Reports reports;
    private final Patience patience = new Patience();
    private final boolean leads;
    private Reduce reduce;
    private StateExchange exchange;
    private Halt halt;
    private volatile long committed;
    private boolean over;
    private boolean answered;

    /**
     * What connects a member with others.
     *
     * @param lanes to the peers
     * @param checkpoints to and from the coordinator
     * @param writer stores checkpoints for all generations of the job
     */
    record Roads(PeerTransport lanes, CheckpointRoad checkpoints, CheckpointWriter writer) {}

    /**
     * @param worker name of this worker, one of the generation's members
     */
    Stint(Training training, Generation generation, String worker, Roads roads, Reports reports) {
        this.training = training;
        this.generation = generation;
        this.roads = roads;
        this.reports = reports;
        circle = circle(generation, worker, training.passes());
        leads = circle.rank() == 0;
        Member self = generation.getMembers(circle.rank());
        committed = self.getState() == Generation.State.HELD ? training.committed() : 0;
    }

    private static Circle circle(Generation generation, String worker, int passes) {
        List<Member> members = generation.getMembersList();
        int rank = 0;
        while (rank < members.size() && !members.get(rank).getWorker().equals(worker)) {
            rank++;
        }
        List<Circle.Peer> peers =
                members.stream()
                        .map(
                                member ->
                                        new Circle.Peer(
                                                member.getWorker(),
                                                member.getAddress(),
                                                member.getFirst() * passes,
                                                member.getCount() * passes))
                        .toList();
        return new Circle(generation.getJob(), generation.getNumber(), rank, peers);
    }

    long number() {
        return generation.getNumber();
    }

    /** Steps committed to the state, 0 while that has not come; from any thread. */
    long committed() {
        return committed;
    }

    /** Whether it has answered that it is halted. */
    synchronized boolean halted() {
        return answered;
    }

    /** Runs to its end; a halt is answered before it returns. */
    void run() {
        try {
            take();
            train();
            finish();
            waitForHalt();
        } catch (Abandoned e) {
            LOG.info("{} generation {}: {}", circle.job(), circle.generation(), e.getMessage());
            checkpointIfAsked();
            answer();
        } finally {
            closeLinks();
        }
    }

    /** Stops as the order says; any thread may bring it. */
    synchronized void halt(Halt order) {
        if (order.getGeneration() != generation.getNumber()) {
            return;
        }
        halt = order;
        if (over) {
            answer();
        } else if (committed >= order.getAfterStep()) {
            abandon("halted");
        }
    }

    /** Stops at once and without an answer to anybody; any thread may ask. */
    synchronized void drop(String reason) {
        answered = true;
        halt = Halt.newBuilder().setGeneration(number()).build();
        abandon(reason);
    }

    private void abandon(String reason) {
        patience.end();
        if (reduce != null) {
            reduce.abandon(reason);
        }
        if (exchange != null) {
            exchange.abandon(reason);
        }
    }

    private synchronized boolean stopping() {
        return halt != null && committed >= halt.getAfterStep();
    }

    private void goOn() {
        if (stopping()) {
            throw new Abandoned("halted");
        }
    }

    private synchronized void answer() {
        if (!answered) {
            answered = true;
            reports.send(
                    Report.newBuilder()
                            .setHalted(
                                    Halted.newBuilder()
                                            .setJob(generation.getJob())
                                            .setGeneration(number())
                                            .setCommitted(committed)));
        }
    }

    private void take() {
        Member self = generation.getMembers(circle.rank());
        StateExchange links =
                circle.peers().size() > 1 ? new StateExchange(roads.lanes, circle) : null;
        synchronized (this) {
            exchange = links;
        }
        goOn();
        training.share(self.getFirst(), self.getCount());
        Handover handover = new Handover(training, generation, circle, links);
        handover.take(roads.checkpoints, patience);
        if (training.committed() != generation.getStep()) {
            throw new Abandoned(
                    "generation %d starts after step %d and this worker's state is of step %d"
                            .formatted(number(), generation.getStep(), training.committed()));
        }
        committed = training.committed();
        open();
        handover.serve();
    }

    private void open() {
        Reduce opened =
                circle.peers().size() > 1
                        ? new ClusterReduce(roads.lanes, circle, training.scope(), training::newOut)
                        : new LocalReduce(training.scope(), training::newOut);
        synchronized (this) {
            reduce = opened;
        }
        goOn();
    }

    private void train() {
        measure();
        while (committed < training.steps()) {
            goOn();
            step();
            if (leads && committed < training.steps()) {
                if (training.checkpointDue()) {
                    roads.writer.write(training.snapshot(), number());
                }
                measure();
            }
        }
    }

    private void step() {
        MDC.put("step", String.valueOf(committed + 1));
        training.prepare(committed);
        Reduce.Round round = reduce.begin(committed, circle.leaves());
        training.backward(round);
        Future<NDArray> mean = round.mean();
        if (committed + 1 < training.steps()) {
            training.prepare(committed + 1);
        }
        NDArray vector = await(mean);
        goOn();
        StepDone done = training.commit(vector);
        String sha256 = training.digestDue() ? training.snapshot().sha256() : "";
        reports.send(
                Report.newBuilder()
                        .setCommitted(
                                Committed.newBuilder()
                                        .setJob(generation.getJob())
                                        .setGeneration(number())
                                        .setStep(done)
                                        .setSha256(sha256)));
        committed = training.committed();
    }

    private void measure() {
        if (!leads) {
            return;
        }
        Set<Measurement> known = new HashSet<>(generation.getMeasuredList());
        for (Measurement due : training.due()) {
            if (!known.contains(due)) {
                goOn();
                reports.send(
                        Report.newBuilder()
                                .setMeasured(
                                        Measured.newBuilder()
                                                .setJob(generation.getJob())
                                                .setGeneration(number())
                                                .setEvaluation(
                                                        training.measure(due, this::stopping))));
            }
        }
        training.pause();
    }

    private void finish() {
        if (!leads) {
            return;
        }
        measure();
        goOn();
        Snapshot end = training.snapshot();
        if (!generation.hasCheckpoint() || generation.getCheckpoint() != end.step()) {
            roads.writer.write(end, number());
            if (!roads.writer.await()) {
                throw new Abandoned("the last checkpoint was not wanted any more");
            }
        }
        reports.send(
                Report.newBuilder()
                        .setTrained(
                                Trained.newBuilder()
                                        .setJob(generation.getJob())
                                        .setGeneration(number())
                                        .setStep(end.step())
                                        .setSha256(end.sha256())));
    }

    /**
     * The end is no halt: whoever ends first keeps still until the coordinator says what is next.
     */
    private synchronized void waitForHalt() {
        over = true;
        if (halt != null) {
            answer();
        }
    }

    private void checkpointIfAsked() {
        Halt order;
        synchronized (this) {
            order = halt;
        }
        if (leads && order != null && order.getCheckpoint() && training.committed() > 0) {
            roads.writer.write(training.snapshot(), number());
            roads.writer.await();
        }
    }

    /** Waits for what others send. */
    static <T> T await(Future<T> future) {
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

    private void closeLinks() {
        Reduce opened;
        StateExchange links;
        synchronized (this) {
            opened = reduce;
            links = exchange;
            reduce = null;
            exchange = null;
        }
        if (opened != null) {
            opened.close();
        }
        if (links != null) {
            links.close();
        }
    }
}
