package org.simreg.bench.coordinator;

import io.grpc.Channel;
import io.grpc.stub.StreamObserver;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongConsumer;
import org.simreg.proto.Committed;
import org.simreg.proto.Generation;
import org.simreg.proto.Halt;
import org.simreg.proto.Halted;
import org.simreg.proto.Heartbeat;
import org.simreg.proto.Hello;
import org.simreg.proto.JobStarted;
import org.simreg.proto.Order;
import org.simreg.proto.Prepare;
import org.simreg.proto.Ready;
import org.simreg.proto.Report;
import org.simreg.proto.StepDone;
import org.simreg.proto.WorkersGrpc;

/**
 * A worker that says what a real one says and computes nothing: it attends, again when its stream has ended, sends
 * heartbeats, loads jobs at once and commits a step every so often. All is done on one thread, that of the timer, which
 * many of these share.
 */
final class LightWorker {
    private static final int AGAIN_MS = 300;

    private static final long STEPS_PER_EPOCH = 1000;
    private static final int BATCH = 256;

    private final ScheduledExecutorService timer;
    private final Tally tally;
    private final WorkersGrpc.WorkersStub stub;
    private final Hello hello;
    private StreamObserver<Report> reports;
    private ScheduledFuture<?> beats;
    private int incarnation;
    private final Deque<Sent> unacknowledged = new ArrayDeque<>();
    private ScheduledFuture<?> steps;
    private Generation generation = Generation.getDefaultInstance();
    private long committed;

    /** A step that was reported, and when. */
    private record Sent(long step, long nanos) {}

    /**
     * What all of them share.
     *
     * @param stepMs between two steps
     * @param training how many are in a generation
     * @param acknowledged takes nanoseconds from a commit's report to its acknowledgement
     * @param failed how many streams have ended
     */
    record Tally(long stepMs, AtomicInteger training, LongConsumer acknowledged, AtomicInteger failed) {}

    /**
     * @param hello without incarnation
     */
    LightWorker(Channel channel, Hello hello, ScheduledExecutorService timer, Tally tally) {
        this.hello = hello;
        this.timer = timer;
        this.tally = tally;
        stub = WorkersGrpc.newStub(channel);
    }

    /** Attends; it has forgotten what it held. */
    void attend() {
        incarnation++;
        reports = stub.attend(new Orders());
        reports.onNext(Report.newBuilder()
                .setHello(hello.toBuilder().setIncarnation(String.valueOf(incarnation)))
                .build());
    }

    /** The orders of one stream. */
    private final class Orders implements StreamObserver<Order> {
        @Override
        public void onNext(Order order) {
            long now = System.nanoTime();
            timer.execute(() -> take(order, now));
        }

        @Override
        public void onError(Throwable why) {
            end();
        }

        @Override
        public void onCompleted() {
            end();
        }

        private void end() {
            tally.failed.incrementAndGet();
            if (!timer.isShutdown()) {
                timer.execute(LightWorker.this::lost);
            }
        }
    }

    private void lost() {
        stop();
        if (beats != null) {
            beats.cancel(false);
            beats = null;
        }
        timer.schedule(this::attend, AGAIN_MS, TimeUnit.MILLISECONDS);
    }

    private void take(Order order, long now) {
        switch (order.getOrderCase()) {
            case WELCOME -> beat(order.getWelcome().getHeartbeatMs());
            case PREPARE -> ready(order.getPrepare());
            case BEGIN -> begin(order.getBegin());
            case HALT -> halt(order.getHalt());
            case ACKNOWLEDGED -> acknowledged(order.getAcknowledged().getStep(), now);
            case DROP -> stop();
            default -> {}
        }
    }

    private void beat(int ms) {
        Report beat =
                Report.newBuilder().setHeartbeat(Heartbeat.getDefaultInstance()).build();
        beats = timer.scheduleAtFixedRate(() -> reports.onNext(beat), ms, ms, TimeUnit.MILLISECONDS);
    }

    private void ready(Prepare prepare) {
        JobStarted.Builder started = JobStarted.newBuilder()
                .setTotalSteps(1000 * STEPS_PER_EPOCH)
                .setStepsPerEpoch(STEPS_PER_EPOCH)
                .setEpochs(1000)
                .setBatch(BATCH)
                .setTrainImages(STEPS_PER_EPOCH * BATCH)
                .setDevice("cpu");
        reports.onNext(Report.newBuilder()
                .setReady(Ready.newBuilder()
                        .setJob(prepare.getJob())
                        .setStarted(started)
                        .setDataSha256("0")
                        .setAttempt(prepare.getAttempt()))
                .build());
    }

    private void begin(Generation next) {
        stop();
        generation = next;
        committed = next.getStep();
        tally.training.incrementAndGet();
        steps = timer.scheduleAtFixedRate(this::step, tally.stepMs, tally.stepMs, TimeUnit.MILLISECONDS);
    }

    private void step() {
        committed++;
        StepDone.Builder done = StepDone.newBuilder()
                .setStep(committed)
                .setEpoch((int) ((committed - 1) / STEPS_PER_EPOCH) + 1)
                .setImages(BATCH)
                .setLoss(1)
                .setSeconds(tally.stepMs / 1e3);
        unacknowledged.add(new Sent(committed, System.nanoTime()));
        reports.onNext(Report.newBuilder()
                .setCommitted(Committed.newBuilder()
                        .setJob(generation.getJob())
                        .setGeneration(generation.getNumber())
                        .setStep(done))
                .build());
    }

    private void acknowledged(long step, long now) {
        while (!unacknowledged.isEmpty() && unacknowledged.peek().step <= step) {
            tally.acknowledged.accept(now - unacknowledged.remove().nanos);
        }
    }

    private void halt(Halt halt) {
        if (halt.getGeneration() == generation.getNumber()) {
            stop();
            reports.onNext(Report.newBuilder()
                    .setHalted(Halted.newBuilder()
                            .setJob(generation.getJob())
                            .setGeneration(generation.getNumber())
                            .setCommitted(committed))
                    .build());
        }
    }

    private void stop() {
        if (steps != null) {
            steps.cancel(false);
            steps = null;
            tally.training.decrementAndGet();
            unacknowledged.clear();
        }
    }
}
