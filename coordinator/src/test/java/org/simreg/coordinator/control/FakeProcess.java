package org.simreg.coordinator.control;

import java.util.Optional;
import java.util.TreeMap;
import org.simreg.proto.Heartbeat;
import org.simreg.proto.Hello;
import org.simreg.proto.Holding;
import org.simreg.proto.Leaving;
import org.simreg.proto.Order;
import org.simreg.proto.Refused;
import org.simreg.proto.Report;

/** The process of a fake worker: it lives, freezes, dies, and attends wherever it can. */
abstract class FakeProcess {
    final World world;
    final String name;
    String profile = "cpu-1";
    String leftOut = "";

    /** Teachers that it may hold, as it only helps; 0: it can be a member. */
    int teachers;

    String version = World.VERSION;
    final TreeMap<Long, Report> kept = new TreeMap<>();
    Optional<Report> keptMeasurement = Optional.empty();
    private int incarnation;
    private Optional<Link> link = Optional.empty();
    private boolean alive;
    private boolean frozen;
    private boolean unplugged;
    private boolean leaving;
    private int life;

    FakeProcess(World world, String name) {
        this.world = world;
        this.name = name;
    }

    abstract void order(Order order);

    abstract Optional<Holding> holding();

    abstract void go();

    abstract void forget();

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

    /** It lives so long after it has said that it leaves; 0: it doesn't say. */
    int livesMs;

    void leave() {
        if (alive && !leaving) {
            world.say(name + " wants to leave");
            leaving = true;
            send(Report.newBuilder().setLeaving(Leaving.newBuilder().setWithinMs(livesMs)));
        }
    }

    void later(long ms, Runnable action) {
        int mine = life;
        world.after(ms, () -> {
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

    private void attendSoon() {
        later(world.some(200), this::attend);
    }

    private void attend() {
        if (link.isPresent()) {
            return;
        }
        if (world.running().isEmpty() || unplugged) {
            attendSoon();
            return;
        }
        Link next = new Link(this);
        try {
            next.reports = Optional.of(world.coordinator().attend(hello(), next));
        } catch (Refused refused) {
            world.say(name + " refused: " + refused.getMessage());
            later(300, this::attend);
            return;
        }
        link = Optional.of(next);
        world.say(name + " attends");
        // What is not acknowledged is said again, before anything else.
        kept.values().forEach(report -> send(report.toBuilder()));
        keptMeasurement.ifPresent(report -> send(report.toBuilder()));
        if (leaving) {
            send(Report.newBuilder().setLeaving(Leaving.newBuilder().setWithinMs(livesMs)));
        }
        beat(next);
    }

    private Hello hello() {
        Hello.Builder hello = Hello.newBuilder()
                .setWorker(name)
                .setIncarnation(name + incarnation)
                .setVersion(version)
                .setProfile(profile)
                .setDevice("cpu")
                .setLeftOut(leftOut)
                .setTeachers(teachers)
                .putAddresses("netty", name + ":1");
        holding().ifPresent(hello::setHolding);
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

    /** It ends by itself. */
    void exit() {
        world.say(name + " leaves");
        alive = false;
        life++;
        link.ifPresent(old -> old.cut(true));
        link = Optional.empty();
    }
}
