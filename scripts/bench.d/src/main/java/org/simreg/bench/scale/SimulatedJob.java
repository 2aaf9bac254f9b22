package org.simreg.bench.scale;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.simreg.coordinator.job.schedule.Allotment;
import org.simreg.coordinator.job.schedule.Allotment.Grant;
import org.simreg.coordinator.job.schedule.Decision;
import org.simreg.coordinator.job.schedule.Demand;
import org.simreg.coordinator.job.schedule.JobScheduler;
import org.simreg.coordinator.job.schedule.JobView;
import org.simreg.coordinator.job.schedule.Lineage;
import org.simreg.coordinator.job.schedule.Phase;
import org.simreg.coordinator.job.schedule.WorkerState;
import org.simreg.proto.Generation;

/**
 * A job on workers that fail and come back, as discrete events: what happens next is decided by the product's own {@link
 * Allotment} and {@link JobScheduler}, how long it takes by the {@link CostModel}. Times in seconds.
 */
final class SimulatedJob {
    private static final String PROFILE = "simulated";
    private static final long GATHER_MS = 2000;
    private static final long GRACE_MS = 5000;
    private static final int AT_ONCE = 8;
    private static final double LOOK_AGAIN = 1;

    private final CostModel model;
    private final int microBatches;
    private final double gigabits;
    private final Random random;
    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private final Map<String, Worker> workers = new TreeMap<>();
    private final Map<List<Integer>, Double> times = new HashMap<>();
    private double now;
    private boolean looks;
    private long planned;
    private Phase phase = new Phase.Idle(0, false);
    private Generation last = Generation.newBuilder().setJob("job").build();
    private Lineage lineage = new Lineage(List.of());
    private Grant grant = new Grant(Set.of(), false, "");

    /** Steps that were committed when the clock of the steps was set; 0 a second: nobody trains. */
    private double base;

    private double since;
    private double rate;
    private int generations;

    /** Something that happens; of two at a time the one that was planned first comes first. */
    private record Event(double time, long number, Runnable action) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            int first = Double.compare(time, other.time);
            return first != 0 ? first : Long.compare(number, other.number);
        }
    }

    /** A worker that attends. */
    private static final class Worker {
        private final String name;
        private WorkerState state = new WorkerState.Preparing();
        private double since;
        private boolean dead;

        Worker(String name) {
            this.name = name;
        }
    }

    /**
     * What a simulation came to.
     *
     * @param images a second, over all of its time
     * @param generations that were begun
     */
    record Outcome(double images, int generations) {}

    /**
     * @param gigabits a second, each way, of a worker's network
     */
    SimulatedJob(CostModel model, int microBatches, double gigabits) {
        this.model = model;
        this.microBatches = microBatches;
        this.gigabits = gigabits;
        random = new Random((long) model.number("seed"));
    }

    /** Runs for as long as the model says, from the moment when all of so many workers attend. */
    Outcome run(int count) {
        for (int i = 0; i < count; i++) {
            attend("w%04d".formatted(i), 0);
        }
        double end = 3600 * model.number("hours");
        while (!events.isEmpty() && events.peek().time <= end) {
            Event event = events.remove();
            now = event.time;
            event.action.run();
        }
        now = end;
        return new Outcome((base + rate * (now - since)) * microBatches * model.number("rows") / end, generations);
    }

    private void in(double seconds, Runnable action) {
        events.add(new Event(now + seconds, planned++, action));
    }

    /** A worker attends and loads the job; some time later it fails. */
    private void attend(String name, double after) {
        in(after, () -> {
            Worker worker = new Worker(name);
            worker.since = now;
            workers.put(name, worker);
            in(model.number("load_seconds"), () -> {
                if (!worker.dead) {
                    worker.state = new WorkerState.Ready();
                    worker.since = now;
                    decide();
                }
            });
            double hours = model.number("hours_between_failures");
            if (hours > 0) {
                in(-Math.log(1 - random.nextDouble()) * 3600 * hours, () -> fail(worker));
            }
        });
    }

    private void fail(Worker worker) {
        worker.dead = true;
        if (trains(worker)) {
            stall(); // the others wait for its gradients
        }
        in(model.number("loss_seen_seconds"), () -> {
            workers.remove(worker.name);
            decide();
        });
        attend(worker.name, model.number("replaced_after_seconds"));
    }

    private boolean trains(Worker worker) {
        return worker.state instanceof WorkerState.Holding holding
                && !holding.halted()
                && holding.generation() == last.getNumber();
    }

    private long steps() {
        return (long) Math.floor(base + rate * (now - since) + 1e-9);
    }

    /** No step is committed any more; the one under way is lost. */
    private void stall() {
        base = steps();
        since = now;
        rate = 0;
    }

    private void decide() {
        allot();
        Phase before = null;
        for (int i = 0; i < AT_ONCE && !phase.equals(before); i++) {
            before = phase;
            apply(JobScheduler.decide(view()));
        }
        pace();
    }

    private void allot() {
        List<Demand.AvailableWorker> available = workers.values().stream()
                .map(worker -> new Demand.AvailableWorker(
                        worker.name, PROFILE, "job", !(worker.state instanceof WorkerState.Holding)))
                .toList();
        int members = Math.min(microBatches, Math.max(1, workers.size()));
        Demand.Helpers helpers = new Demand.Helpers(StepTime.paying(model, microBatches, members), 0);
        Demand.Requirements needs = new Demand.Requirements(PROFILE, false, Set.of());
        Demand demand = new Demand("job", new Demand.Rank(0, 0), 1, microBatches, helpers, needs);
        grant = Allotment.of(available, List.of(demand)).get("job");
    }

    private JobView view() {
        List<JobView.Member> members = new ArrayList<>();
        for (Worker worker : workers.values()) {
            boolean helps = !(worker.state instanceof WorkerState.Holding)
                    && grant.helpers().contains(worker.name);
            if (!helps) {
                WorkerState state = worker.state instanceof WorkerState.Holding holding && !holding.halted()
                        ? new WorkerState.Holding(holding.generation(), steps(), false)
                        : worker.state;
                members.add(new JobView.Member(
                        worker.name,
                        worker.name,
                        state,
                        ms(worker.since),
                        grant.workers().contains(worker.name)));
            }
        }
        JobView.Steps done = new JobView.Steps(steps(), steps(), steps(), steps(), 0);
        JobView.WaitTimes waits = new JobView.WaitTimes(GATHER_MS, GRACE_MS, 0);
        return new JobView(
                ms(now),
                phase,
                new JobView.Assignment(grant, 1, microBatches, Optional.empty(), waits),
                members,
                new JobView.History(last, lineage, done, false));
    }

    private static long ms(double seconds) {
        return Math.round(1000 * seconds);
    }

    private void apply(Decision decision) {
        if (decision instanceof Decision.Stop stop) {
            phase = stop.phase();
            double left = Math.max(0, (stop.phase().after() - steps()) * (rate > 0 ? 1 / rate : 0));
            long number = last.getNumber();
            in(left + model.number("halt_seconds"), () -> halted(number, stop.phase()));
        } else if (decision instanceof Decision.Begin begin) {
            begin(begin);
        } else if (decision instanceof Decision.AwaitWorkers wait) {
            phase = wait.phase();
            lookAgain();
        } else if (decision instanceof Decision.Wait && gathers()) {
            lookAgain();
        }
    }

    /** Whether somebody waits for others that are about to be ready. */
    private boolean gathers() {
        return workers.values().stream()
                .anyMatch(worker -> worker.state instanceof WorkerState.Ready
                        && grant.workers().contains(worker.name));
    }

    private void lookAgain() {
        if (!looks) {
            looks = true;
            in(LOOK_AGAIN, () -> {
                looks = false;
                decide();
            });
        }
    }

    /** All members have stopped, unless one was lost meanwhile and they were told to at once. */
    private void halted(long number, Phase.Halting ordered) {
        if (number != last.getNumber() || !phase.equals(ordered)) {
            return;
        }
        stall();
        for (Worker worker : workers.values()) {
            if (trains(worker) && !worker.dead) {
                worker.state = new WorkerState.Holding(number, steps(), true);
                worker.since = now;
            }
        }
        decide();
    }

    private void begin(Decision.Begin begin) {
        last = begin.generation();
        lineage = lineage.begun(last.getNumber(), last.getStep());
        phase = begin.then();
        generations++;
        boolean fetches = false;
        for (Generation.Member member : last.getMembersList()) {
            Worker worker = workers.get(member.getWorker());
            worker.state = new WorkerState.Holding(last.getNumber(), last.getStep(), false);
            worker.since = now;
            fetches |= member.getState() == Generation.State.PEER;
        }
        base = last.getStep();
        since = now;
        rate = 0;
        long number = last.getNumber();
        double wait = model.number("begin_seconds") + (fetches ? StepTime.transfer(model, gigabits) : 0);
        in(wait, () -> {
            boolean whole = last.getMembersList().stream()
                    .map(member -> workers.get(member.getWorker()))
                    .allMatch(worker -> worker != null && !worker.dead);
            if (number == last.getNumber() && whole) {
                since = now;
                rate = 1 / stepSeconds();
            }
        });
    }

    /** Helpers come and go without a generation. */
    private void pace() {
        if (rate > 0) {
            base += rate * (now - since);
            since = now;
            rate = 1 / stepSeconds();
        }
    }

    private double stepSeconds() {
        int helpers = (int) grant.helpers().stream()
                .map(workers::get)
                .filter(worker -> worker != null && !worker.dead && worker.state instanceof WorkerState.Ready)
                .count();
        return times.computeIfAbsent(
                List.of(last.getMembersCount(), helpers),
                of -> StepTime.of(model, microBatches, of.get(0), of.get(1), gigabits, StepTime.Exchange.ALL_TO_ALL)
                        .seconds());
    }
}
