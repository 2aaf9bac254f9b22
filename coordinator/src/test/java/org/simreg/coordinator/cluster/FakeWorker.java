package org.simreg.coordinator.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.simreg.coordinator.api.Refused;
import org.simreg.coordinator.api.WorkerDesk;
import org.simreg.proto.CheckpointHeader;
import org.simreg.proto.Committed;
import org.simreg.proto.Drop;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.Generation;
import org.simreg.proto.Halt;
import org.simreg.proto.Halted;
import org.simreg.proto.Heartbeat;
import org.simreg.proto.Hello;
import org.simreg.proto.Holding;
import org.simreg.proto.Job;
import org.simreg.proto.JobFailed;
import org.simreg.proto.JobStarted;
import org.simreg.proto.Leaving;
import org.simreg.proto.Measured;
import org.simreg.proto.Order;
import org.simreg.proto.Prepare;
import org.simreg.proto.Ready;
import org.simreg.proto.Report;
import org.simreg.proto.StepDone;
import org.simreg.proto.Told;
import org.simreg.proto.Trained;

/**
 * A worker that answers as a real one must, without computing. Its state is the list of the
 * generations in which its steps were made, so that a state of a wrong line is seen.
 */
final class FakeWorker {
    static final int STEPS_PER_EPOCH = 10;

    final World world;
    final String name;
    String profile = "cpu-1";
    String data = "data";
    String version = World.VERSION;
    Optional<JobFailed> fails = Optional.empty();
    double lossError;
    long prepares = 300;
    long stepMs = 40;

    private int incarnation;
    private Optional<Link> link = Optional.empty();
    private boolean alive;
    private boolean frozen;
    private boolean unplugged;
    private boolean leaving;
    private int life;

    private String job = "";
    private Optional<Job> settings = Optional.empty();
    private long attempt;
    private boolean prepared;
    private Generation generation = Generation.getDefaultInstance();
    private boolean halted = true;
    private boolean loaded;
    private Optional<Halt> halt = Optional.empty();
    private Optional<List<Long>> state = Optional.empty();
    private boolean storing;
    final TreeMap<Long, Report> kept = new TreeMap<>();

    FakeWorker(World world, String name) {
        this.world = world;
        this.name = name;
    }

    // ---- life

    void start() {
        alive = true;
        frozen = false;
        leaving = false;
        incarnation++;
        life++;
        forget();
        world.say(name + " starts");
        attendSoon();
    }

    void kill() {
        world.say(name + " killed");
        alive = false;
        life++;
        disconnect();
    }

    boolean alive() {
        return alive;
    }

    void freeze() {
        world.say(name + " frozen");
        frozen = true;
    }

    void wake() {
        if (alive && frozen) {
            world.say(name + " wakes");
            frozen = false;
            link.ifPresent(Link::flush);
            go();
        }
    }

    boolean frozen() {
        return frozen;
    }

    /** The stream breaks, the worker goes on. */
    void disconnect() {
        link.ifPresent(old -> old.cut(true));
        link = Optional.empty();
        if (alive) {
            attendSoon();
        }
    }

    /** No stream can be made for a while. */
    void unplug(boolean so) {
        unplugged = so;
        if (so) {
            disconnect();
        }
    }

    void leave() {
        if (alive && !leaving) {
            world.say(name + " wants to leave");
            leaving = true;
            send(Report.newBuilder().setLeaving(Leaving.getDefaultInstance()));
        }
    }

    long committed() {
        return state.map(List::size).orElse(0);
    }

    String job() {
        return job;
    }

    long generation() {
        return halted ? 0 : generation.getNumber();
    }

    private void later(long ms, Runnable action) {
        int mine = life;
        world.after(
                ms,
                () -> {
                    if (life != mine || !alive) {
                        return;
                    }
                    if (frozen) {
                        later(50, action);
                    } else {
                        action.run();
                    }
                });
    }

    // ---- the stream

    private void attendSoon() {
        later(world.some(200), this::attend);
    }

    private void attend() {
        if (link.isPresent()) {
            return;
        }
        if (world.keeper().isEmpty() || unplugged) {
            attendSoon();
            return;
        }
        Link next = new Link(this);
        try {
            next.seat = Optional.of(world.desk().attend(hello(), next));
        } catch (Refused refused) {
            world.say(name + " refused: " + refused.getMessage());
            later(300, this::attend);
            return;
        }
        link = Optional.of(next);
        world.say(name + " attends");
        // What is not acknowledged is said again, before anything else.
        kept.values().forEach(report -> send(report.toBuilder()));
        if (leaving) {
            send(Report.newBuilder().setLeaving(Leaving.getDefaultInstance()));
        }
        beat(next);
    }

    private Hello hello() {
        Hello.Builder hello =
                Hello.newBuilder()
                        .setWorker(name)
                        .setIncarnation(name + incarnation)
                        .setVersion(version)
                        .setProfile(profile)
                        .setDevice("cpu")
                        .putAddresses("netty", name + ":1");
        if (!job.isEmpty()) {
            hello.setHolding(
                    Holding.newBuilder()
                            .setJob(job)
                            .setGeneration(generation.getNumber())
                            .setCommitted(committed())
                            .setHalted(halted)
                            .setPreparing(!prepared));
        }
        return hello.build();
    }

    private void beat(Link mine) {
        if (link.isPresent() && link.get() == mine) {
            send(Report.newBuilder().setHeartbeat(Heartbeat.getDefaultInstance()));
            later(World.TIMES.heartbeat(), () -> beat(mine));
        }
    }

    void ended(Link mine, Refused reason) {
        if (link.isPresent() && link.get() == mine) {
            world.say(name + " is cut off: " + reason.getMessage());
            link = Optional.empty();
            attendSoon();
        }
    }

    void send(Report.Builder report) {
        link.ifPresent(to -> to.up(report.build()));
    }

    // ---- orders

    void order(Order order) {
        switch (order.getOrderCase()) {
            case PREPARE -> prepare(order.getPrepare());
            case BEGIN -> begin(order.getBegin());
            case HALT -> halt(order.getHalt());
            case ACKNOWLEDGED -> {
                if (order.getAcknowledged().getJob().equals(job)) {
                    kept.headMap(order.getAcknowledged().getStep(), true).clear();
                }
            }
            case DROP -> drop(order.getDrop());
            default -> assertTrue(order.hasWelcome());
        }
    }

    private void prepare(Prepare prepare) {
        assertTrue(job.isEmpty() || job.equals(prepare.getJob()), name + " has a job already");
        boolean already = job.equals(prepare.getJob());
        job = prepare.getJob();
        attempt = prepare.getAttempt();
        settings = Optional.of(prepare.getSettings());
        if (already && prepared) {
            ready();
        } else if (!already) {
            later(
                    world.some((int) prepares),
                    () -> {
                        if (job.equals(prepare.getJob()) && !prepared) {
                            prepared = true;
                            ready();
                        }
                    });
        }
    }

    private void ready() {
        if (fails.isPresent()) {
            send(Report.newBuilder().setFailed(fails.get().toBuilder().setJob(job)));
            forget();
            return;
        }
        send(
                Report.newBuilder()
                        .setReady(
                                Ready.newBuilder()
                                        .setJob(job)
                                        .setDataSha256(data)
                                        .setAttempt(attempt)
                                        .setStarted(
                                                JobStarted.newBuilder()
                                                        .setTotalSteps(total())
                                                        .setStepsPerEpoch(STEPS_PER_EPOCH)
                                                        .setBatch(batch()))));
        if (world.random.nextInt(4) == 0) {
            send(Report.newBuilder().setTold(Told.newBuilder().setJob(job).setText("a notice")));
        }
    }

    private int batch() {
        return settings.orElseThrow().getOptimization().getBatch();
    }

    private long total() {
        return (long) STEPS_PER_EPOCH * settings.orElseThrow().getOptimization().getEpochs();
    }

    private void begin(Generation next) {
        world.heard(next);
        assertEquals(job, next.getJob());
        assertTrue(prepared, name + " is not prepared");
        assertTrue(halted, () -> name + " is still in generation " + generation.getNumber());
        assertTrue(next.getNumber() > generation.getNumber(), "generations rise");
        assertEquals("netty", next.getTransport());
        generation = next;
        halted = false;
        loaded = false;
        halt = Optional.empty();
        kept.tailMap(next.getStep(), false).clear();
        Generation.Member self = self().orElseThrow();
        if (self.getState() != Generation.State.HELD) {
            state = Optional.empty();
        }
        switch (self.getState()) {
            case HELD -> {
                assertEquals(next.getStep(), committed(), name + " doesn't hold that");
                loaded();
            }
            case FRESH -> {
                assertEquals(0, next.getStep());
                state = Optional.of(List.of());
                loaded();
            }
            case CHECKPOINT -> load();
            default -> later(world.some(60), () -> fetch(next, self.getPeer(), 0));
        }
    }

    /** Only now may it be given to others: what it held before can be of another line. */
    private void loaded() {
        loaded = true;
        go();
    }

    private Optional<Generation.Member> self() {
        return generation.getMembersList().stream()
                .filter(member -> member.getWorker().equals(name))
                .findFirst();
    }

    private void load() {
        Generation mine = generation;
        later(
                world.some(60),
                () -> {
                    if (world.keeper().isEmpty()) {
                        load();
                    } else if (generation == mine && !halted) {
                        Optional<List<Long>> stored = stored(mine);
                        if (stored.isEmpty()) {
                            stop();
                            return;
                        }
                        state = stored;
                        loaded();
                    }
                });
    }

    /** Of a generation that is over it may be gone. */
    private Optional<List<Long>> stored(Generation mine) {
        try {
            long step = world.desk().get(job, mine.getStep()).header().getStep();
            return Optional.of(world.files(job).states.get(step));
        } catch (Refused gone) {
            assertNotEquals(
                    mine.getNumber(), world.desk().get(job).getGeneration(), gone.getMessage());
            return Optional.empty();
        }
    }

    /** From the peer if it is there and has it; if it doesn't come, the worker gives up. */
    private void fetch(Generation mine, String peer, int tries) {
        if (generation != mine || halted) {
            return;
        }
        FakeWorker other = world.workers.get(peer);
        boolean there =
                other.alive
                        && !other.frozen
                        && other.generation == mine
                        && other.loaded
                        && other.committed() == mine.getStep();
        if (there) {
            state = other.state;
            loaded();
        } else if (tries > 30) {
            stop();
        } else {
            later(100, () -> fetch(mine, peer, tries + 1));
        }
    }

    private void halt(Halt wanted) {
        if (!wanted.getJob().equals(job) || wanted.getGeneration() != generation.getNumber()) {
            return;
        }
        halt = Optional.of(wanted);
        if (halted || done()) {
            stop();
        }
    }

    private boolean done() {
        return halt.isPresent()
                && (committed() >= halt.get().getAfterStep() || halt.get().getAfterStep() == 0);
    }

    /** Stops in the generation, with a checkpoint before if that was asked for. */
    private void stop() {
        Generation mine = generation;
        halted = true;
        boolean first = self().isPresent() && mine.getMembers(0).getWorker().equals(name);
        boolean store =
                first
                        && halt.isPresent()
                        && halt.get().getCheckpoint()
                        && state.isPresent()
                        && committed() >= mine.getStep();
        if (store && committed() > 0) {
            store(mine, () -> sayHalted(mine));
        } else {
            sayHalted(mine);
        }
    }

    private void sayHalted(Generation mine) {
        if (generation == mine && !job.isEmpty()) {
            send(
                    Report.newBuilder()
                            .setHalted(
                                    Halted.newBuilder()
                                            .setJob(job)
                                            .setGeneration(mine.getNumber())
                                            .setCommitted(committed())));
        }
    }

    private void drop(Drop drop) {
        if (drop.getJob().equals(job)) {
            forget();
        }
        if (drop.getLeave()) {
            world.say(name + " leaves");
            alive = false;
            life++;
            link.ifPresent(old -> old.cut(true));
            link = Optional.empty();
        }
    }

    private void forget() {
        job = "";
        settings = Optional.empty();
        prepared = false;
        generation = Generation.getDefaultInstance();
        halted = true;
        halt = Optional.empty();
        state = Optional.empty();
        kept.clear();
        storing = false;
    }

    // ---- steps

    private void go() {
        if (halted || !loaded || job.isEmpty()) {
            return;
        }
        Generation mine = generation;
        if (committed() >= total()) {
            end(mine);
            return;
        }
        if (done()) {
            stop();
            return;
        }
        long step = committed() + 1;
        later(
                world.some((int) stepMs),
                () -> {
                    if (generation == mine && !halted && committed() + 1 == step) {
                        world.rounds(job, mine.getNumber()).give(name, step);
                        collect(mine, step, 0);
                    }
                });
    }

    /** Waits for the others; where one is dead it may get the mean in spite of it, or not. */
    private void collect(Generation mine, long step, int tries) {
        if (generation != mine || halted || committed() + 1 != step) {
            return;
        }
        boolean whole = world.rounds(job, mine.getNumber()).whole(step, mine.getMembersCount());
        if (whole && (tries > 0 || world.random.nextInt(10) > 0)) {
            commit(mine, step);
        } else if (tries > 60) {
            world.say(name + " gives up step " + step);
            stop();
        } else {
            later(
                    world.some(20) + (whole ? 300 : 10L * tries),
                    () -> collect(mine, step, tries + 1));
        }
    }

    private void commit(Generation mine, long step) {
        List<Long> next = new ArrayList<>(state.orElseThrow());
        next.add(mine.getNumber());
        assertEquals(step, next.size());
        state = Optional.of(List.copyOf(next));
        long digest = settings.orElseThrow().getCheckpoints().getDigestSteps();
        boolean due = digest > 0 && step % digest == 0 || step == total();
        Report report =
                Report.newBuilder()
                        .setCommitted(
                                Committed.newBuilder()
                                        .setJob(job)
                                        .setGeneration(mine.getNumber())
                                        .setSha256(due ? "sha" + step : "")
                                        .setStep(
                                                StepDone.newBuilder()
                                                        .setStep(step)
                                                        .setEpoch(
                                                                (int) (step - 1) / STEPS_PER_EPOCH
                                                                        + 1)
                                                        .setImages(batch())
                                                        .setLoss(1.0 / step + lossError)))
                        .build();
        kept.put(step, report);
        send(report.toBuilder());
        long every = settings.orElseThrow().getCheckpoints().getEverySteps();
        if (first(mine) && every > 0 && step % every == 0 && !storing) {
            store(mine, () -> {});
        }
        go();
    }

    private boolean first(Generation mine) {
        return mine.getMembers(0).getWorker().equals(name);
    }

    private void store(Generation mine, Runnable then) {
        storing = true;
        List<Long> snapshot = state.orElseThrow();
        later(world.some(100), () -> put(mine, snapshot, then));
    }

    private void put(Generation mine, List<Long> snapshot, Runnable then) {
        if (!job.equals(mine.getJob())) {
            return;
        }
        if (world.keeper().isEmpty()) {
            later(200, () -> put(mine, snapshot, then));
            return;
        }
        CheckpointHeader header =
                CheckpointHeader.newBuilder()
                        .setJob(job)
                        .setGeneration(mine.getNumber())
                        .setStep(snapshot.size())
                        .build();
        try (WorkerDesk.Upload upload = world.desk().put(header)) {
            upload.finish();
            upload.store();
            world.files(job).states.put((long) snapshot.size(), snapshot);
            storing = false;
            then.run();
        } catch (Refused refused) {
            if (refused.kind() == Refused.Kind.UNAVAILABLE && !halted) {
                later(100, () -> put(mine, snapshot, then));
            } else if (refused.kind() == Refused.Kind.UNAVAILABLE) {
                later(100, () -> put(mine, snapshot, then));
            } else {
                storing = false;
                then.run();
            }
        }
    }

    /** All steps are done: rank 0 measures, stores, and says so; the others wait to be dropped. */
    private void end(Generation mine) {
        if (!first(mine)) {
            waitForEnd(mine, 0);
            return;
        }
        later(
                world.some(100),
                () -> {
                    if (generation != mine || halted) {
                        return;
                    }
                    send(
                            Report.newBuilder()
                                    .setMeasured(
                                            Measured.newBuilder()
                                                    .setJob(job)
                                                    .setGeneration(mine.getNumber())
                                                    .setEvaluation(
                                                            EvaluationDone.newBuilder()
                                                                    .setSubject("student")
                                                                    .setEpoch(3))));
                    store(mine, () -> trained(mine));
                });
    }

    private void trained(Generation mine) {
        if (generation != mine || halted || !world.files(job).checkpoints.containsKey(total())) {
            return;
        }
        send(
                Report.newBuilder()
                        .setTrained(
                                Trained.newBuilder()
                                        .setJob(job)
                                        .setGeneration(mine.getNumber())
                                        .setStep(committed())
                                        .setSha256("student")));
        waitForEnd(mine, 0);
    }

    /** Nothing is waited for but a Drop or a Halt; Trained may have been lost with the stream. */
    private void waitForEnd(Generation mine, int tries) {
        assertFalse(tries > 100_000);
        if (generation == mine && !halted && done()) {
            stop();
        }
    }

    boolean linked() {
        return link.isPresent();
    }
}
