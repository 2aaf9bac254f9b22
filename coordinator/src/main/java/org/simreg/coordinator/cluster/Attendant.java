package org.simreg.coordinator.cluster;

import java.util.Optional;
import org.simreg.coordinator.api.Refused;
import org.simreg.coordinator.api.WorkerDesk.Out;
import org.simreg.coordinator.schedule.Stand;
import org.simreg.proto.Hello;
import org.simreg.proto.Order;

/** A worker that attends: who it is, when it was heard, and how far it is with its job. */
final class Attendant {
    private final Hello hello;
    private final Out orders;
    private final long attends;
    private long heard;
    private Optional<Run> run = Optional.empty();
    private Stand stand = new Stand.Ready();
    private long stood;
    private long attempt;
    private long told;
    private long acknowledged;
    private long left;
    private boolean released;

    Attendant(Hello hello, Out orders, long now) {
        this.hello = hello;
        this.orders = orders;
        this.attends = now;
        this.heard = now;
        this.stood = now;
    }

    String name() {
        return hello.getWorker();
    }

    /** Name and process: a worker that was started again is another one. */
    String key() {
        return key(hello);
    }

    static String key(Hello hello) {
        return hello.getWorker() + "/" + hello.getIncarnation();
    }

    Hello hello() {
        return hello;
    }

    void send(Order order) {
        orders.send(order);
    }

    void end(Refused reason) {
        orders.end(reason);
    }

    /** Since when it attends. */
    long attends() {
        return attends;
    }

    long heard() {
        return heard;
    }

    void hear(long now) {
        heard = now;
    }

    /** The job it is at. */
    Optional<Run> run() {
        return run;
    }

    boolean at(Run one) {
        return run.isPresent() && run.get() == one;
    }

    /** Begins to serve a job. */
    void serve(Run one, Stand as, long now) {
        run = Optional.of(one);
        acknowledged = 0;
        stand(as, now);
    }

    /** Begins to serve a job that it must load, or answer for again. */
    void prepare(Run one, long now) {
        serve(one, new Stand.Preparing(), now);
        // Unlike a count it differs from those of a coordinator of the past.
        attempt = Math.max(attempt + 1, now);
        send(Orders.prepare(one.record(), attempt));
    }

    /** Which Prepare it must answer. */
    long attempt() {
        return attempt;
    }

    /** It is let go. */
    void free(long now) {
        run = Optional.empty();
        stand(new Stand.Ready(), now);
    }

    Stand stand() {
        return stand;
    }

    void stand(Stand as, long now) {
        stand = as;
        stood = now;
        told = 0;
    }

    /** A step more; it stands where it stood. */
    void commits(long generation, long step) {
        if (stand instanceof Stand.Holding holding
                && holding.generation() == generation
                && step > holding.committed()) {
            stand = new Stand.Holding(generation, step, holding.halted());
        }
    }

    /** Since when it stands there. */
    long stood() {
        return stood;
    }

    /** Whether it is in a generation and has not stopped. */
    boolean trains() {
        return stand instanceof Stand.Holding holding && !holding.halted();
    }

    boolean trains(long generation) {
        return stand instanceof Stand.Holding holding
                && !holding.halted()
                && holding.generation() == generation;
    }

    /** Remembers when it was first told to stop. */
    void halt(Order order, long now) {
        told = told == 0 ? now : told;
        send(order);
    }

    /** Since when it should stop; 0: it was not told to. */
    long told() {
        return told;
    }

    /** Tells it how far the ledger is, unless it knows. */
    void acknowledge(Run one, long step) {
        if (stand instanceof Stand.Holding && step > acknowledged) {
            acknowledged = step;
            send(Orders.acknowledged(one.id(), step));
        }
    }

    /** Steps after this one come again. */
    void rewound(long step) {
        acknowledged = Math.min(acknowledged, step);
    }

    boolean leaving() {
        return left > 0;
    }

    /** Since when it wants to go; 0: it doesn't. */
    long left() {
        return left;
    }

    void leave(long now) {
        left = leaving() ? left : now;
    }

    /** Whether it was told that it may leave. */
    boolean released() {
        return released;
    }

    void release() {
        released = true;
    }
}
