package org.simreg.coordinator.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.simreg.proto.Acknowledged;
import org.simreg.proto.Drop;
import org.simreg.proto.Generation;
import org.simreg.proto.Halt;
import org.simreg.proto.Halted;
import org.simreg.proto.Help;
import org.simreg.proto.Holding;
import org.simreg.proto.Job;
import org.simreg.proto.JobFailed;
import org.simreg.proto.JobStarted;
import org.simreg.proto.Order;
import org.simreg.proto.Prepare;
import org.simreg.proto.Ready;
import org.simreg.proto.Refused;
import org.simreg.proto.Report;
import org.simreg.proto.Told;

/**
 * A fake worker's handling of orders. Its state is the list of the generations in which its steps
 * were made, so that a state of a wrong line is seen.
 */
abstract class FakeMember extends FakeProcess {
    static final int STEPS_PER_EPOCH = 10;

    String data = "data";
    Optional<JobFailed> fails = Optional.empty();
    long prepares = 300;
    String job = "";
    Optional<Job> settings = Optional.empty();
    private long attempt;
    int storagePatienceMs;
    private boolean prepared;

    /** Of its job, as it only helps. */
    List<Integer> held = List.of();

    /** How often it has begun to load a job. */
    int loads;

    Generation generation = Generation.getDefaultInstance();
    boolean halted = true;
    boolean loaded;
    Optional<Halt> halt = Optional.empty();
    Optional<List<Long>> state = Optional.empty();
    boolean storing;
    Help help = Help.getDefaultInstance();

    /** Measurements of this generation that the coordinator has acknowledged. */
    final List<Generation.Measurement> acknowledged = new ArrayList<>();

    FakeMember(World world, String name) {
        super(world, name);
    }

    abstract void store(Generation mine, Runnable then);

    @Override
    Optional<Holding> holding() {
        return job.isEmpty()
                ? Optional.empty()
                : Optional.of(Holding.newBuilder()
                        .setJob(job)
                        .setGeneration(generation.getNumber())
                        .setCommitted(committed())
                        .setHalted(halted)
                        .setPreparing(!prepared)
                        .addAllTeachers(held)
                        .build());
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

    @Override
    void order(Order order) {
        switch (order.getOrderCase()) {
            case PREPARE -> prepare(order.getPrepare());
            case BEGIN -> begin(order.getBegin());
            case HALT -> halt(order.getHalt());
            case ACKNOWLEDGED -> {
                if (order.getAcknowledged().getJob().equals(job)) {
                    acknowledged(order.getAcknowledged());
                }
            }
            case HELP -> help(order.getHelp());
            case DROP -> drop(order.getDrop());
            default -> assertTrue(order.hasWelcome());
        }
    }

    private void acknowledged(Acknowledged order) {
        kept.headMap(order.getStep(), true).clear();
        if (order.hasMeasured()) {
            acknowledged.add(order.getMeasured());
            keptMeasurement = Optional.empty();
            go();
        }
    }

    private void prepare(Prepare prepare) {
        assertTrue(job.isEmpty() || job.equals(prepare.getJob()), name + " has a job already");
        assertEquals(Math.min(teachers, prepare.getSettings().getTeachersCount()), prepare.getTeachersCount(), name);
        boolean already = job.equals(prepare.getJob()) && held.equals(prepare.getTeachersList());
        job = prepare.getJob();
        held = prepare.getTeachersList();
        attempt = prepare.getAttempt();
        storagePatienceMs = prepare.getStoragePatienceMs();
        settings = Optional.of(prepare.getSettings());
        if (already && prepared) {
            ready();
        } else if (!already) {
            prepared = false;
            loads++;
            later(world.some((int) prepares), () -> {
                if (job.equals(prepare.getJob()) && held.equals(prepare.getTeachersList()) && !prepared) {
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
        send(Report.newBuilder()
                .setReady(Ready.newBuilder()
                        .setJob(job)
                        .setDataSha256(data)
                        .setAttempt(attempt)
                        .setStarted(JobStarted.newBuilder()
                                .setTotalSteps(total())
                                .setStepsPerEpoch(STEPS_PER_EPOCH)
                                .setTrainImages(100)
                                .setBatch(batch()))));
        if (world.random.nextInt(4) == 0) {
            send(Report.newBuilder().setTold(Told.newBuilder().setJob(job).setText("a notice")));
        }
    }

    int batch() {
        return settings.orElseThrow().getOptimization().getBatch();
    }

    long total() {
        return (long) STEPS_PER_EPOCH * settings.orElseThrow().getOptimization().getEpochs();
    }

    /** Those who are told are at the job and prepared, and not both member and helper. */
    private void help(Help order) {
        if (!order.getJob().equals(job)) {
            return;
        }
        assertTrue(prepared, name + " is not prepared");
        boolean member =
                order.getMembersList().stream().anyMatch(m -> m.getWorker().equals(name));
        boolean helper =
                order.getHelpersList().stream().anyMatch(h -> h.getWorker().equals(name));
        assertTrue(member ^ helper, () -> name + " is told of " + order);
        assertTrue(
                order.getHelpersList().stream()
                        .filter(h -> h.getWorker().equals(name))
                        .allMatch(h -> h.getTeachersList().equals(held)),
                () -> name + " holds " + held + ", and is told of " + order);
        assertTrue(order.getNumber() > help.getNumber(), "orders rise");
        help = order;
    }

    private void begin(Generation next) {
        world.heard(next);
        assertEquals(job, next.getJob());
        assertTrue(prepared, name + " is not prepared");
        assertEquals(0, teachers, name + " only helps");
        assertTrue(halted, () -> name + " is still in generation " + generation.getNumber());
        assertTrue(next.getNumber() > generation.getNumber(), "generations rise");
        assertEquals("netty", next.getTransport());
        generation = next;
        acknowledged.clear();
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

    Optional<Generation.Member> self() {
        return generation.getMembersList().stream()
                .filter(member -> member.getWorker().equals(name))
                .findFirst();
    }

    private void load() {
        Generation mine = generation;
        later(world.some(60), () -> {
            if (world.running().isEmpty()) {
                load();
            } else if (generation == mine && !halted && jobWaits()) {
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

    /** What the coordinator can't give now is asked for again. */
    private boolean jobWaits() {
        try {
            return World.joined(world.coordinator().checkpoint(job, generation.getStep()))
                            .file()
                    == null;
        } catch (Refused refused) {
            return refused.kind() == Refused.Kind.UNAVAILABLE;
        }
    }

    /** Of a generation that is over it may be gone. */
    private Optional<List<Long>> stored(Generation mine) {
        try {
            long step = World.joined(world.coordinator().checkpoint(job, mine.getStep()))
                    .header()
                    .getStep();
            return Optional.of(world.files(job).states.get(step));
        } catch (Refused gone) {
            assertNotEquals(mine.getNumber(), world.coordinator().get(job).getGeneration(), gone.getMessage());
            return Optional.empty();
        }
    }

    /** From the peer if it is there and has it; if it doesn't come, the worker gives up. */
    private void fetch(Generation mine, String peer, int tries) {
        if (generation != mine || halted) {
            return;
        }
        FakeMember other = world.workers.get(peer);
        boolean there = other.alive()
                && !other.frozen()
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

    boolean done() {
        return halt.isPresent()
                && (committed() >= halt.get().getAfterStep() || halt.get().getAfterStep() == 0);
    }

    /** Stops in the generation, with a checkpoint before if that was asked for. */
    void stop() {
        Generation mine = generation;
        halted = true;
        boolean first = self().isPresent() && mine.getMembers(0).getWorker().equals(name);
        boolean store = first
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
            send(Report.newBuilder()
                    .setHalted(Halted.newBuilder()
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
            exit();
        }
    }

    @Override
    void forget() {
        job = "";
        settings = Optional.empty();
        prepared = false;
        held = List.of();
        generation = Generation.getDefaultInstance();
        halted = true;
        halt = Optional.empty();
        state = Optional.empty();
        kept.clear();
        keptMeasurement = Optional.empty();
        acknowledged.clear();
        storing = false;
        help = Help.getDefaultInstance();
    }
}
