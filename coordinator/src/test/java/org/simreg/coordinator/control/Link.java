package org.simreg.coordinator.control;

import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;
import org.simreg.coordinator.control.WorkerService.In;
import org.simreg.coordinator.control.WorkerService.Out;
import org.simreg.proto.Order;
import org.simreg.proto.Refused;
import org.simreg.proto.Report;

/** A simulated stream: messages arrive in order and late; a break loses those on the way. */
final class Link implements Out {
    private final FakeProcess worker;
    private final Queue<Order> unread = new ArrayDeque<>();
    Optional<In> reports = Optional.empty();
    private boolean broken;
    private long upAt;
    private long downAt;

    Link(FakeProcess worker) {
        this.worker = worker;
    }

    void up(Report report) {
        World world = worker.world;
        upAt = Math.max(upAt, world.now() + world.some(8));
        world.after(upAt - world.now(), () -> {
            if (!broken && world.running().isPresent()) {
                reports.orElseThrow().report(report);
            }
        });
    }

    @Override
    public void send(Order order) {
        World world = worker.world;
        world.say("  -> " + worker.name + " " + brief(order));
        downAt = Math.max(downAt, world.now() + world.some(8));
        world.after(downAt - world.now(), () -> {
            if (!broken) {
                unread.add(order);
                flush();
            }
        });
    }

    private static String brief(Order order) {
        String text = order.toString().replaceAll("\\s+", " ");
        return text.length() > 300 ? text.substring(0, 300) : text;
    }

    /** A frozen worker reads when it wakes. */
    void flush() {
        while (!unread.isEmpty() && !worker.frozen() && !broken) {
            worker.order(unread.poll());
        }
    }

    @Override
    public void end(Refused reason) {
        World world = worker.world;
        downAt = Math.max(downAt, world.now() + world.some(8));
        world.after(downAt - world.now(), () -> over(reason));
    }

    private void over(Refused reason) {
        if (broken) {
            return;
        }
        if (worker.frozen()) {
            worker.world.after(50, () -> over(reason));
            return;
        }
        broken = true;
        worker.ended(this, reason);
    }

    /**
     * Breaks it.
     *
     * @param seen whether the coordinator sees that at once
     */
    void cut(boolean seen) {
        boolean before = broken;
        broken = true;
        if (!before && seen && worker.world.running().isPresent()) {
            reports.ifPresent(one -> one.lost("broken"));
        }
    }
}
