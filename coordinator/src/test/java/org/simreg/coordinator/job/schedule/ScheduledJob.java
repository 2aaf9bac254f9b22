package org.simreg.coordinator.job.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.simreg.coordinator.job.schedule.Allotment.Grant;
import org.simreg.coordinator.job.schedule.Phase.HaltReason;
import org.simreg.coordinator.job.schedule.Phase.Halting;
import org.simreg.coordinator.job.schedule.Phase.Idle;
import org.simreg.proto.Generation;
import org.simreg.proto.JobRecord.Start;

/** A job as the scheduler sees it; tests change what their story is about. */
final class ScheduledJob {
    static final long NOW = 100_000;
    static final long GATHER = 500;
    static final long GRACE = 5000;
    static final int MICRO_BATCHES = 8;
    static final long TOTAL = 100;

    private final List<JobView.Member> members = new ArrayList<>();
    private Phase phase = new Idle(NOW, false);
    private Grant grant = new Grant(Set.of(), true, "has 2 workers");
    private Optional<HaltReason> halt = Optional.empty();
    private Generation last = Generation.newBuilder().setJob("job").build();
    private JobView.Steps steps = new JobView.Steps(0, 0, 0, 0, TOTAL);
    private int least = 1;
    private long stopBy;
    private boolean trained;

    ScheduledJob phase(Phase now) {
        phase = now;
        return this;
    }

    /** Generation 1, which began after a step and has reached another. */
    ScheduledJob generation(long start, long reached, String... workers) {
        Generation.Builder generation =
                Generation.newBuilder().setJob("job").setNumber(1).setStep(start);
        for (String worker : workers) {
            generation.addMembersBuilder().setWorker(worker);
        }
        last = generation.build();
        steps = new JobView.Steps(reached, reached, 0, reached, TOTAL);
        return this;
    }

    ScheduledJob checkpoint(long step) {
        steps = new JobView.Steps(steps.ledger(), steps.reported(), step, steps.highest(), TOTAL);
        return this;
    }

    ScheduledJob ledger(long step) {
        steps = new JobView.Steps(step, step, steps.checkpoint(), step, TOTAL);
        return this;
    }

    ScheduledJob asked(HaltReason why) {
        halt = Optional.of(why);
        return this;
    }

    ScheduledJob unserved(String reason) {
        grant = new Grant(Set.of(), false, reason);
        return this;
    }

    ScheduledJob least(int workers) {
        least = workers;
        return this;
    }

    ScheduledJob stopBy(long time) {
        stopBy = time;
        return this;
    }

    ScheduledJob trained() {
        trained = true;
        return this;
    }

    ScheduledJob preparing(String worker) {
        return member(worker, new WorkerState.Preparing(), NOW, true);
    }

    ScheduledJob ready(String worker) {
        return member(worker, new WorkerState.Ready(), NOW, true);
    }

    ScheduledJob trains(String worker, long committed) {
        return member(worker, new WorkerState.Holding(1, committed, false), NOW, true);
    }

    ScheduledJob halted(String worker, long committed) {
        return member(worker, new WorkerState.Holding(1, committed, true), NOW, true);
    }

    ScheduledJob member(String worker, WorkerState stand, long since, boolean wanted) {
        members.add(new JobView.Member(worker, worker + ":1", stand, since, wanted));
        return this;
    }

    JobView view() {
        Lineage lineage = new Lineage(
                last.getNumber() == 0
                        ? List.of()
                        : List.of(Start.newBuilder()
                                .setGeneration(1)
                                .setStep(last.getStep())
                                .build()));
        return new JobView(
                NOW,
                phase,
                new JobView.Assignment(grant, least, MICRO_BATCHES, halt, new JobView.WaitTimes(GATHER, GRACE, stopBy)),
                members,
                new JobView.History(last, lineage, steps, trained));
    }

    Decision decide() {
        Decision decision = JobScheduler.decide(view());
        assertEquals(decision, JobScheduler.decide(view()), "the same view, another decision");
        return decision;
    }

    void waits(String reason) {
        assertEquals(new Decision.Wait(reason), decide());
    }

    void stops(long after, boolean checkpoint, HaltReason why, String reason) {
        stops(new Halting(after, checkpoint, why, 0), reason);
    }

    void stops(Halting to, String reason) {
        assertEquals(new Decision.Stop(to, reason), decide());
    }

    Decision.Begin begins(String reason) {
        Decision.Begin begin = assertInstanceOf(Decision.Begin.class, decide());
        assertEquals(reason, begin.reason());
        assertEquals(last.getNumber() + 1, begin.generation().getNumber());
        return begin;
    }
}
