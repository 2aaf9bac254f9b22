package org.simreg.worker.exchange.ahead;

import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.IntStream;
import org.simreg.proto.Help;
import org.simreg.worker.exchange.mesh.PeerTransport;

/**
 * The loop of a helper: computes the items that {@link HelpPlan} gives it, in the order of the steps, and sends each to
 * the member that will need it. It goes no further ahead than the members can keep, and passes over what would come too
 * late. One thread runs it; any may stop it.
 */
public final class HelperLoop implements AutoCloseable {
    /** How often it looks whether a member can be reached that says nothing. */
    private static final long AWAIT_MS = 1000;

    /** Steps that are passed over one by one, though their views are being decoded. */
    private static final int PASSED = 2;

    private static final double NEWEST = 0.25;

    private final FeatureMaker maker;
    private final HelpPlan plan;
    private final int self;
    private final FeatureOutbox outbox;
    private double itemNanos;

    /**
     * Connects it with the members.
     *
     * @param worker name of this one, one of the order's helpers
     * @param transport stays the caller's
     */
    public HelperLoop(Help help, String worker, PeerTransport transport, FeatureMaker maker) {
        this.maker = maker;
        plan = HelpPlan.of(help, maker.shape().teachers());
        List<String> names =
                help.getHelpersList().stream().map(Help.Helper::getWorker).toList();
        self = names.indexOf(worker);
        outbox = new FeatureOutbox(help, worker, transport, maker.shape());
    }

    /** Helps until it is stopped. */
    public void run() {
        while (!outbox.stopped()) {
            long from = earliest();
            if (from < 0) {
                outbox.await(AWAIT_MS);
            } else {
                help(from);
            }
        }
    }

    /** Ends it after the item at hand; any thread may call it. */
    public void stop() {
        outbox.stop();
    }

    /** The first step whose features would still come in time for somebody; -1 while nobody says where it is. */
    private long earliest() {
        long first = -1;
        for (int member = 0; member < plan.shares().size(); member++) {
            FeatureOutbox.Pace pace = outbox.pace(member);
            if (pace != null) {
                first = first < 0 ? due(pace) : Math.min(first, due(pace));
            }
        }
        return first;
    }

    /** The first step of a member that it doesn't need before an item can be computed. */
    private long due(FeatureOutbox.Pace pace) {
        long passes = pace.stepNanos() == 0 ? 0 : (long) (itemNanos / pace.stepNanos());
        return pace.at() + 1 + Math.max(pace.whole(), Math.min(passes, HelpPlan.MOST_STEPS - 1));
    }

    /** Helps from a step on, until it is stopped or too far behind. */
    private void help(long from) {
        Upcoming upcoming = new Upcoming(from);
        try (FeatureMaker.Sequence sequence = maker.sequence(upcoming)) {
            while (sequence.hasNext()) {
                HelpPlan.Item item = upcoming.asked.remove();
                if (!awaitTurn(item)) {
                    return;
                }
                if (pays(item)) {
                    compute(item, sequence);
                } else {
                    sequence.skip();
                }
            }
        }
        while (!outbox.stopped()) { // all steps are done
            outbox.await(AWAIT_MS);
        }
    }

    /** Waits until an item's member can keep it; false if there is something else to do. */
    private boolean awaitTurn(HelpPlan.Item item) {
        while (!outbox.stopped()) {
            long first = earliest();
            if (first < 0 || first > item.step() + PASSED) { // what is being decoded is of no use
                return false;
            }
            // What a member needs that can't be reached is passed over, no faster than the others go on.
            boolean reached = outbox.pace(item.member()) != null;
            if (item.step() <= (reached ? kept(item.member()) : furthest())
                    && (!reached || outbox.takes(item.member()))) {
                return true;
            }
            outbox.await(AWAIT_MS);
        }
        return false;
    }

    /** The last step whose features a member keeps now; -1 while it doesn't say where it is. */
    private long kept(int member) {
        FeatureOutbox.Pace pace = outbox.pace(member);
        return pace == null ? -1 : pace.at() + pace.window();
    }

    /** The last step whose features some member keeps now. */
    private long furthest() {
        return IntStream.range(0, plan.shares().size())
                .mapToLong(this::kept)
                .max()
                .orElse(-1);
    }

    private boolean pays(HelpPlan.Item item) {
        FeatureOutbox.Pace pace = outbox.pace(item.member());
        return pace != null && item.step() >= due(pace);
    }

    private void compute(HelpPlan.Item item, FeatureMaker.Sequence sequence) {
        outbox.started(item);
        long begun = System.nanoTime();
        float[] values = sequence.next();
        double took = System.nanoTime() - begun;
        itemNanos = itemNanos == 0 ? took : (1 - NEWEST) * itemNanos + NEWEST * took;
        outbox.send(item, values);
    }

    @Override
    public void close() {
        outbox.close();
    }

    /** This helper's items from a step on. */
    private final class Upcoming implements Iterator<HelpPlan.Item> {
        /** Those that were asked for and not computed yet. */
        private final Queue<HelpPlan.Item> asked = new ConcurrentLinkedQueue<>();

        private long step;
        private Iterator<HelpPlan.Item> items = List.<HelpPlan.Item>of().iterator();

        Upcoming(long from) {
            step = from;
        }

        @Override
        public boolean hasNext() {
            while (!items.hasNext() && step < maker.steps()) {
                items = plan.of(step++, self).iterator();
            }
            return items.hasNext();
        }

        @Override
        public HelpPlan.Item next() {
            if (!hasNext()) {
                throw new NoSuchElementException("the job ends at step " + maker.steps());
            }
            HelpPlan.Item next = items.next();
            asked.add(next);
            return next;
        }
    }
}
