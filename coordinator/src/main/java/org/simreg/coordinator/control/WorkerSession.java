package org.simreg.coordinator.control;

import java.util.List;
import java.util.Optional;
import org.simreg.coordinator.control.WorkerService.Out;
import org.simreg.coordinator.job.JobRun;
import org.simreg.coordinator.job.schedule.WorkerState;
import org.simreg.proto.Hello;
import org.simreg.proto.NumericProfile;
import org.simreg.proto.Order;
import org.simreg.proto.Refused;

/** A worker's session: who it is, when it was heard, and how far it is with its job. */
final class WorkerSession {
    private final Hello hello;
    private final Out orders;
    private final long since;
    /** Set on any thread: what holds up the coordinator's is no silence of the worker. */
    private volatile long heard;

    private Optional<JobRun> run = Optional.empty();
    private Moves moves = (session, from, to) -> {};
    private WorkerState state = new WorkerState.Ready();
    private long stateSince;
    private long attempt;
    private List<Integer> teachers = List.of();
    private long haltOrderedAt;
    private long acknowledged;
    private long leavingSince;
    private int leavesWithin;
    private boolean released;

    /** A listener to which job it serves. */
    @FunctionalInterface
    interface Moves {
        void moved(WorkerSession session, Optional<JobRun> from, Optional<JobRun> to);
    }

    WorkerSession(Hello hello, Out orders, long now) {
        this.hello = hello;
        this.orders = orders;
        this.since = now;
        this.heard = now;
        this.stateSince = now;
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
    long since() {
        return since;
    }

    long heard() {
        return heard;
    }

    void hear(long now) {
        heard = now;
    }

    /** The job that it serves. */
    Optional<JobRun> run() {
        return run;
    }

    boolean at(JobRun one) {
        return run.isPresent() && run.get() == one;
    }

    /** Whether it is at a job only to help it: it holds no state of its student. */
    boolean helps() {
        return !(state instanceof WorkerState.Holding)
                && run.filter(one -> one.grant().helpers().contains(name())).isPresent();
    }

    /** Whether it can do nothing but help. */
    boolean helpsOnly() {
        return hello.getTeachers() != 0;
    }

    /** Of a worker that only helps, the frozen teachers of its job that it holds or loads; of others empty. */
    List<Integer> teachers() {
        return teachers;
    }

    /** Why it can't serve a job, whoever is free; empty if it can. */
    Optional<String> objection(JobRun one) {
        if (!hello.getLeftOut().isEmpty()) {
            return Optional.of(hello.getLeftOut());
        }
        String profile = JobController.profile(one);
        if (!profile.isEmpty() && !NumericProfile.same(profile, hello.getProfile())) {
            return Optional.of("its profile is %s, and the job has to keep %s".formatted(hello.getProfile(), profile));
        }
        String transport = JobController.transport(one);
        return hello.containsAddresses(transport)
                ? one.failures().objection(key(), one.now())
                : Optional.of("it has no address for the transport " + transport);
    }

    /** Takes the only listener to which job it serves. */
    void whenMoved(Moves listener) {
        moves = listener;
    }

    private void move(Optional<JobRun> to) {
        moves.moved(this, run, to);
        run = to;
    }

    /** Begins to serve a job. */
    void serve(JobRun one, WorkerState as, long now) {
        move(Optional.of(one));
        acknowledged = 0;
        state(as, now);
    }

    /** Begins to serve a job that it must load, or answer for again. */
    void prepare(JobRun one, long now) {
        prepare(one, List.of(), now);
    }

    /**
     * The same with some teachers.
     *
     * @param some that a worker which only helps is to hold; empty: all, and the student
     */
    void prepare(JobRun one, List<Integer> some, long now) {
        serve(one, new WorkerState.Preparing(), now);
        teachers = List.copyOf(some);
        // Unlike a count it differs from those of a coordinator of the past.
        attempt = Math.max(attempt + 1, now);
        send(Orders.prepare(one.record(), teachers, attempt, one.failures().storagePatienceMs()));
    }

    /** Has it give up its job; one that wants to leave may go. */
    void drop(JobRun from, String reason) {
        send(Orders.drop(from.id(), reason, leaving()));
        free(from.now());
        if (leaving()) {
            release();
        }
    }

    /** Which Prepare it must answer. */
    long attempt() {
        return attempt;
    }

    /** It serves no job any more. */
    void free(long now) {
        move(Optional.empty());
        teachers = List.of();
        state(new WorkerState.Ready(), now);
    }

    WorkerState state() {
        return state;
    }

    void state(WorkerState as, long now) {
        state = as;
        stateSince = now;
        haltOrderedAt = 0;
    }

    /** It has committed a step; since when it is in its state doesn't change. */
    void commits(long generation, long step) {
        if (state instanceof WorkerState.Holding holding
                && holding.generation() == generation
                && step > holding.committed()) {
            state = new WorkerState.Holding(generation, step, holding.halted());
        }
    }

    /** Since when it is in that state. */
    long stateSince() {
        return stateSince;
    }

    /** Whether it is in a generation and has not stopped. */
    boolean trains() {
        return state instanceof WorkerState.Holding holding && !holding.halted();
    }

    boolean trains(long generation) {
        return state instanceof WorkerState.Holding holding && !holding.halted() && holding.generation() == generation;
    }

    /** Remembers when it was first told to stop. */
    void halt(Order order, long now) {
        haltOrderedAt = haltOrderedAt == 0 ? now : haltOrderedAt;
        send(order);
    }

    /** Since when it should stop; 0: it was not told to. */
    long haltOrderedAt() {
        return haltOrderedAt;
    }

    /** Tells it how far the ledger is, unless it knows. */
    void acknowledge(JobRun one, long step) {
        if (state instanceof WorkerState.Holding && step > acknowledged) {
            acknowledged = step;
            send(Orders.acknowledged(one.id(), step));
        }
    }

    /** Steps after this one come again. */
    void rewound(long step) {
        acknowledged = Math.min(acknowledged, step);
    }

    boolean leaving() {
        return leavingSince > 0;
    }

    /**
     * Until when a step may be finished before it leaves.
     *
     * @param usualMs how long that takes otherwise; a part of what it said that it lives on, for its state must
     *     be handed over after that
     */
    long stopBy(long usualMs) {
        long most = leavesWithin == 0 ? usualMs : leavesWithin * 2L / 3;
        return leavingSince + Math.min(usualMs, most);
    }

    /**
     * It wants to leave.
     *
     * @param withinMs how long it lives on; 0: it has not said
     */
    void leave(long now, int withinMs) {
        leavingSince = leaving() ? leavingSince : now;
        leavesWithin = withinMs;
    }

    /** Whether it was told that it may leave. */
    boolean released() {
        return released;
    }

    void release() {
        released = true;
    }
}
