package org.simreg.coordinator.job;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.simreg.proto.JobRecord;
import org.simreg.proto.Refused;

/**
 * The reason for which a job is left alone at present, if there is one: its folder doesn't answer, or its end can't be
 * recorded. Besides, the actions that wait until its files are durable.
 */
public final class JobStall {
    private static final long LONGEST_PAUSE_MS = 30_000;

    private final String job;
    private final LongSupplier clock;
    private Optional<String> why = Optional.empty();
    private long since;
    private String waited = "";
    private Optional<Wait> waiting = Optional.empty();
    private Optional<Pause> pause = Optional.empty();
    private int pauses;
    private Optional<JobRecord.Summary> head = Optional.empty();

    /** When a job that lacked room is tried again. */
    private record Pause(long until, CompletableFuture<Void> over) {}

    /** What is given up if the job is left alone; completed on any thread. */
    private final Set<CompletableFuture<?>> promises = ConcurrentHashMap.newKeySet();

    /** A wait for files to be durable, and what is to be done then. */
    private record Wait(CompletionStage<?> end, long since, List<Runnable> actions) {}

    JobStall(String job, LongSupplier clock) {
        this.job = job;
        this.clock = clock;
    }

    /** Leaves the job alone from now on; what waited is given up. */
    public void begin(String reason) {
        begin(reason, "The job has waited");
    }

    /**
     * As {@link #begin(String)}.
     *
     * @param past what it will have done, for people; "for N s" follows
     */
    void begin(String reason, String past) {
        boolean again = pauses > 1;
        since = able() && !again ? clock.getAsLong() : since;
        waited = able() ? past : waited;
        why = Optional.of(reason);
        waiting = Optional.empty();
        promises.forEach(promise -> promise.completeExceptionally(refusal()));
        if (!again) {
            EventTrace.LOG.warn("The job {} {}", job, reason);
        }
    }

    /**
     * Remembers how far the job is, for people, before its files are let go.
     *
     * @param ledger the writer of its ledger, if there is one
     */
    void keep(RunFiles files, Optional<LedgerWriter> ledger) {
        try {
            JobRecord.Summary.Builder now = summary(files);
            ledger.map(LedgerWriter::checkpoint).filter(step -> step >= 0).ifPresent(now::setCheckpoint);
            ledger.flatMap(known -> known.ranking().best()).ifPresent(now::setBest);
            head = Optional.of(now.build());
        } catch (RuntimeException e) {
            EventTrace.LOG.debug("How far the job {} is can't be told", job, e);
        }
    }

    /** How far the job was when its files were let go; empty if that isn't known. */
    Optional<JobRecord.Summary> head() {
        return head;
    }

    /** How far files are, without their checkpoints. */
    static JobRecord.Summary.Builder summary(RunFiles files) {
        RunFiles.LedgerHead head = files.head();
        return JobRecord.Summary.newBuilder()
                .setStep(head.step())
                .setEpoch(head.epoch())
                .setLoss(head.loss())
                .setNextSequence(files.nextSequence());
    }

    /** How far a job is that ends. */
    static JobRecord.Summary ended(RunFiles files, Optional<LedgerWriter> ledger) {
        JobRecord.Summary.Builder summary = summary(files);
        files.newestCheckpoint(summary.getStep()).ifPresent(summary::setCheckpoint);
        ledger.flatMap(known -> known.ranking().best()).ifPresent(summary::setBest);
        return summary.build();
    }

    /**
     * Begins a pause before a job that lacked room is tried again, twice as long as the last one.
     *
     * @param shortest of the pauses, in milliseconds
     * @return done when it is over, see {@link #endPauseIfOver}
     */
    CompletionStage<Void> pause(long shortest) {
        long ms = Math.min(LONGEST_PAUSE_MS, shortest << Math.min(pauses, 10));
        pauses++;
        Pause next = new Pause(clock.getAsLong() + ms, new CompletableFuture<>());
        pause = Optional.of(next);
        return next.over;
    }

    /** Ends the pause if it is time. */
    public void endPauseIfOver() {
        if (pause.isPresent() && clock.getAsLong() >= pause.get().until) {
            endPause();
        }
    }

    /** Ends the pause, if there is one. */
    void endPause() {
        Optional<Pause> ended = pause;
        pause = Optional.empty();
        ended.ifPresent(one -> one.over.complete(null));
    }

    /** Whether it lacked room, and no step has come to its ledger since. */
    public boolean lacked() {
        return pauses > 0;
    }

    /**
     * A step has come to its ledger: the next pause is a short one.
     *
     * @return what it has waited for, if it lacked room, for people
     */
    Optional<String> progressed() {
        Optional<String> past = lacked() ? Optional.of(waited()) : Optional.empty();
        pauses = 0;
        return past;
    }

    /** What the job has done while it was left alone, for people, with how long. */
    public String waited() {
        return "%s for %d s".formatted(waited, milliseconds() / 1000);
    }

    /** The job can be gone on with. */
    public void end() {
        why = Optional.empty();
    }

    /** Whether the job is not left alone. */
    public boolean able() {
        return why.isEmpty();
    }

    /** Why the job is left alone; empty if it isn't. */
    public String why() {
        return why.orElse("");
    }

    /** How long it has been left alone. */
    public long milliseconds() {
        return clock.getAsLong() - since;
    }

    /** What is to be done for the job waits from now on, until its files are durable and {@link #ready}. */
    public void await(CompletionStage<?> durable) {
        waiting = Optional.of(new Wait(durable, clock.getAsLong(), new ArrayList<>()));
    }

    /** Whether what is to be done for the job waits. */
    public boolean waits() {
        return waiting.isPresent();
    }

    /** Whether it waits for this. */
    public boolean waitsFor(CompletionStage<?> durable) {
        return waiting.filter(wait -> wait.end == durable).isPresent();
    }

    /**
     * What somebody waits for who asks again if it can't be done; fails if the job is left alone before it is completed, or
     * is so already.
     */
    public <T> CompletableFuture<T> promised() {
        CompletableFuture<T> promise = new CompletableFuture<>();
        promises.add(promise);
        promise.whenComplete((done, failure) -> promises.remove(promise));
        if (!able()) {
            promise.completeExceptionally(refusal());
        }
        return promise;
    }

    private Refused refusal() {
        return new Refused(Refused.Kind.UNAVAILABLE, "The job %s %s; ask again".formatted(job, why()));
    }

    /** Has an action wait, too. */
    public void later(Runnable action) {
        waiting.orElseThrow().actions.add(action);
    }

    /** Nothing waits any more; gives what did. */
    public List<Runnable> ready() {
        List<Runnable> actions = waiting.map(Wait::actions).orElse(List.of());
        waiting = Optional.empty();
        return actions;
    }

    /** What it has waited for longer than so many milliseconds; empty if it hasn't. */
    Optional<CompletionStage<?>> overdue(long ms) {
        return waiting.filter(wait -> clock.getAsLong() - wait.since > ms).map(Wait::end);
    }
}
