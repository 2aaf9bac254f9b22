package org.simreg.worker.member.generation;

import java.util.List;
import java.util.Set;
import org.simreg.proto.Committed;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.Generation;
import org.simreg.proto.Generation.Measurement;
import org.simreg.proto.Generation.Member;
import org.simreg.proto.Halt;
import org.simreg.proto.Halted;
import org.simreg.proto.Measured;
import org.simreg.proto.Report;
import org.simreg.proto.StepDone;
import org.simreg.proto.Told;
import org.simreg.proto.Trained;
import org.simreg.worker.base.concurrent.Abandoned;
import org.simreg.worker.base.concurrent.RetryPause;
import org.simreg.worker.exchange.ahead.EvaluationShares;
import org.simreg.worker.exchange.mesh.PeerTransport;
import org.simreg.worker.exchange.mesh.Peers;
import org.simreg.worker.exchange.reduce.ClusterReduce;
import org.simreg.worker.exchange.reduce.LocalReduce;
import org.simreg.worker.exchange.reduce.Reduce;
import org.simreg.worker.exchange.reduce.StateExchange;
import org.simreg.worker.train.LoadedJob;
import org.simreg.worker.train.TrainingLoop;
import org.simreg.worker.train.student.RunCheckpoint.Snapshot;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One generation on one member: takes the state it starts from, runs the training loop with the
 * others until it is halted or the job is trained, and reports. Rank 0 stores checkpoints besides.
 * It runs on the step thread; orders come from other threads.
 *
 * <p>When a peer is killed, the reduce fails with {@link Abandoned} as soon as the peer's link
 * breaks, or when the coordinator's {@code Halt} comes, whichever is first. The student keeps its
 * state after the last whole step, and {@code Halted} tells the coordinator which that is.
 */
final class GenerationRun {
    private static final Logger LOG = LoggerFactory.getLogger(GenerationRun.class);

    private final LoadedJob job;
    private final Generation generation;
    private final Peers peers;
    private final Connections connections;
    private final WorkerContext.ReportSink reports;
    private final RetryPause retries = new RetryPause();
    private final boolean leads;
    private Reduce reduce;
    private StateExchange exchange;
    private EvaluationShares shares = EvaluationShares.NONE;
    private Halt halt;
    private Measurement acknowledged = Measurement.getDefaultInstance();
    private volatile long committed;
    private boolean over;
    private boolean answered;

    /**
     * A member's connections to its peers and to the coordinator.
     *
     * @param transport to the peers
     * @param checkpoints to and from the coordinator
     * @param sender stores checkpoints for all generations of the job
     */
    record Connections(PeerTransport transport, CheckpointStore checkpoints, CheckpointSender sender) {}

    /**
     * @param worker name of this worker, one of the generation's members
     */
    GenerationRun(
            LoadedJob job,
            Generation generation,
            String worker,
            Connections connections,
            WorkerContext.ReportSink reports) {
        this.job = job;
        this.generation = generation;
        this.connections = connections;
        this.reports = reports;
        peers = peers(generation, worker, job.inputs().passes());
        leads = peers.rank() == 0;
        committed = self().getState() == Generation.State.HELD ? job.committed() : 0;
    }

    private static Peers peers(Generation generation, String worker, int passes) {
        List<Member> members = generation.getMembersList();
        int rank = 0;
        while (rank < members.size() && !members.get(rank).getWorker().equals(worker)) {
            rank++;
        }
        List<Peers.Peer> peers = members.stream()
                .map(member -> new Peers.Peer(
                        member.getWorker(),
                        member.getAddress(),
                        member.getFirst() * passes,
                        member.getCount() * passes))
                .toList();
        return new Peers(generation.getJob(), generation.getNumber(), rank, peers);
    }

    private Member self() {
        return generation.getMembers(peers.rank());
    }

    long number() {
        return generation.getNumber();
    }

    /** Steps that were reported, or were in the state at the start; 0 while that has not come. */
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
            Reduce opened = begin();
            if (job.measures()) {
                shares = EvaluationShares.open(connections.transport, peers);
            }
            TrainingLoop.Role role = new TrainingLoop.Role(
                    leads, shares, Set.copyOf(generation.getMeasuredList()), generation.getScoresList());
            new TrainingLoop(job, opened, role, this::stopping, new Reporter()).run();
            waitForHalt();
        } catch (Abandoned e) {
            LOG.info("{} generation {}: {}", peers.job(), peers.generation(), e.getMessage());
            checkpointIfAsked();
            answer();
        } finally {
            closeLinks();
        }
    }

    /** Takes the state, and opens the reduce. */
    private Reduce begin() {
        StateExchange links = peers.size() > 1 ? new StateExchange(connections.transport, peers) : null;
        synchronized (this) {
            exchange = links;
        }
        checkHalt();
        job.inputs().share(self().getFirst(), self().getCount());
        StateTransfer transfer = new StateTransfer(job, generation, peers, links);
        transfer.take(connections.checkpoints, retries).filter(changed -> leads).ifPresent(this::tellChanged);
        if (job.committed() != generation.getStep()) {
            throw new Abandoned("generation %d starts after step %d and this worker's state is of step %d"
                    .formatted(number(), generation.getStep(), job.committed()));
        }
        committed = job.committed();
        Reduce opened = open();
        transfer.serve();
        return opened;
    }

    private void tellChanged(String changed) {
        Told.Builder told =
                Told.newBuilder().setJob(generation.getJob()).setText(changed).setKept(true);
        reports.send(Report.newBuilder().setTold(told));
    }

    private Reduce open() {
        Reduce opened = peers.size() > 1
                ? new ClusterReduce(connections.transport, peers, job.transfers(), job.scope(), job.student()::newOut)
                : new LocalReduce(job.scope(), job.student()::newOut);
        synchronized (this) {
            reduce = opened;
        }
        checkHalt();
        return opened;
    }

    /** Stops as the order says; any thread may call it. */
    synchronized void halt(Halt order) {
        if (order.getGeneration() != generation.getNumber()) {
            return;
        }
        halt = order;
        notifyAll();
        if (over) {
            answer();
        } else if (committed >= order.getAfterStep()) {
            abandon("halted");
        }
    }

    /** Stops at once and without an answer to the coordinator; any thread may call it. */
    synchronized void drop(String reason) {
        answered = true;
        halt = Halt.newBuilder().setGeneration(number()).build();
        notifyAll();
        abandon(reason);
    }

    /** A measurement of this member is on the coordinator's disk; any thread may call it. */
    synchronized void acknowledged(Measurement measured) {
        acknowledged = measured;
        notifyAll();
    }

    /**
     * Waits until the coordinator has a measurement, or the generation is halted. Until then no member can take another
     * step, so that whoever leads the next generation still has the student and can measure it again.
     */
    private synchronized void awaitAcknowledged(Measurement measured) {
        try {
            while (!acknowledged.equals(measured) && !stopping()) {
                wait();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Abandoned("interrupted while waiting for the coordinator");
        }
    }

    private void abandon(String reason) {
        retries.end();
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

    private void checkHalt() {
        if (stopping()) {
            throw new Abandoned("halted");
        }
    }

    private synchronized void answer() {
        if (!answered) {
            answered = true;
            Halted.Builder halted = Halted.newBuilder()
                    .setJob(generation.getJob())
                    .setGeneration(number())
                    .setCommitted(committed);
            reports.send(Report.newBuilder().setHalted(halted));
        }
    }

    /**
     * Waits for the coordinator's halt after the last step: the end is no halt, and is not
     * answered.
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
        if (leads && order != null && order.getCheckpoint() && job.committed() > 0) {
            connections.sender.send(job.checkpoint(), number());
            connections.sender.await();
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
        shares.close();
    }

    /** The listener to the loop: reports what happens, and stores checkpoints. */
    private final class Reporter implements TrainingLoop.Events {
        /** Step of the last checkpoint; 0 before there was one. */
        private long given;

        @Override
        public void committed(StepDone done, String sha256) {
            Committed.Builder report = Committed.newBuilder()
                    .setJob(generation.getJob())
                    .setGeneration(number())
                    .setStep(done)
                    .setSha256(sha256);
            job.help().ifPresent(with -> report.putAllHelped(with.inbox().used()));
            reports.send(Report.newBuilder().setCommitted(report));
            // Only now: a halt answers with what was reported.
            committed = done.getStep();
        }

        /** A checkpoint that is not stored is not measured: the best student must not get lost with this worker. */
        @Override
        public void measured(EvaluationDone done) {
            if (job.keepsBest() && given == done.getStep() && !connections.sender.await()) {
                throw new Abandoned("the checkpoint of step " + given + " was not wanted any more");
            }
            Measured.Builder report = Measured.newBuilder()
                    .setJob(generation.getJob())
                    .setGeneration(number())
                    .setEvaluation(done);
            reports.send(Report.newBuilder().setMeasured(report));
            if (job.ranksStudents()) {
                awaitAcknowledged(Measurement.newBuilder()
                        .setSubject(done.getSubject())
                        .setEpoch(done.getEpoch())
                        .build());
            }
        }

        @Override
        public void checkpoint(Snapshot snapshot) {
            given = snapshot.step();
            connections.sender.send(snapshot, number());
        }

        @Override
        public void trained(Snapshot end) {
            boolean stored = given == end.step() && connections.sender.await()
                    || generation.hasCheckpoint() && generation.getCheckpoint() == end.step();
            if (!stored) {
                connections.sender.send(end, number());
                if (!connections.sender.await()) {
                    throw new Abandoned("the last checkpoint was not wanted any more");
                }
            }
            Trained.Builder report = Trained.newBuilder()
                    .setJob(generation.getJob())
                    .setGeneration(number())
                    .setStep(end.step())
                    .setSha256(end.sha256());
            reports.send(Report.newBuilder().setTrained(report));
        }
    }
}
