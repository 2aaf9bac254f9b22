package org.simreg.worker.exchange.ahead;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.simreg.proto.Generation;
import org.simreg.proto.Help;
import org.simreg.worker.base.concurrent.SerialThread;
import org.simreg.worker.exchange.mesh.Frame;
import org.simreg.worker.exchange.mesh.FrameHeader;
import org.simreg.worker.exchange.mesh.PeerTransport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The features that helpers have sent to a member, until it has done their steps. Safe for use by any thread. It
 * outlives generations: features of a step are the same in all of them.
 *
 * <p>Who asks for what has not come waits at most as long as it says, and only for a helper that computes just that and
 * whose features before were there in time. So a helper costs a member no more than it has saved it.
 */
public final class FeatureInbox implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(FeatureInbox.class);

    private final FeatureShape shape;
    private final Consumer<String> notices;
    private final SerialThread thread = new SerialThread("simreg-features", FeatureInbox::failed);
    private final Map<Slot, float[]> arrived = new HashMap<>();
    private final Map<String, Integer> used = new TreeMap<>();
    private List<Lane> lanes = List.of();
    private HelpPlan plan = new HelpPlan(List.of(), 0, 0, 0);
    private int rank;
    private long number;
    private long at;

    /**
     * The place of some features in a job.
     *
     * @param slot micro-batch times teachers plus teacher
     */
    private record Slot(long step, int slot) {}

    /**
     * @param notices takes a sentence where a helper's features can't be used
     */
    public FeatureInbox(FeatureShape shape, Consumer<String> notices) {
        this.shape = shape;
        this.notices = notices;
    }

    private static void failed(Throwable e) {
        LOG.warn("Features of a helper could not be taken", e);
    }

    /**
     * Connects with the helpers of an order, in place of those before; an old order changes nothing.
     *
     * @param worker name of this one; if it is no member, there are no helpers any more
     */
    public synchronized void connect(Help help, String worker, PeerTransport transport) {
        if (help.getNumber() <= number) {
            return;
        }
        number = help.getNumber();
        lanes.forEach(Lane::close);
        lanes = List.of();
        plan = HelpPlan.of(help, shape.teachers());
        rank = rank(help, worker);
        if (rank < 0) {
            return;
        }
        Generation.Member self = help.getMembers(rank);
        List<Lane> next = new ArrayList<>();
        for (Help.Helper helper : help.getHelpersList()) {
            FeatureLane.Ends ends = new FeatureLane.Ends(helper, worker, self.getAddress());
            next.add(new Lane(next.size(), transport, help, ends));
        }
        lanes = next;
        for (Lane lane : lanes) {
            lane.lane.open();
            lane.tell(at);
        }
    }

    private static int rank(Help help, String worker) {
        for (int i = 0; i < help.getMembersCount(); i++) {
            if (help.getMembers(i).getWorker().equals(worker)) {
                return i;
            }
        }
        return -1;
    }

    /** The member prepares a step now: those before it are done. The one before may be done once more. */
    public synchronized void at(long step) {
        at = step;
        arrived.keySet().removeIf(slot -> slot.step < step - 1);
        for (Lane lane : lanes) {
            lane.started.removeIf(slot -> slot.step < step);
            lane.tell(step);
        }
    }

    /**
     * The features (N, D) of one teacher, if a helper has sent them or is about to.
     *
     * @param patience nanoseconds that it may wait
     * @return row by row; not to be changed. Empty: the member computes them itself
     */
    public synchronized Optional<float[]> take(long step, int microBatch, int teacher, long patience) {
        Slot slot = new Slot(step, microBatch * shape.teachers() + teacher);
        Lane lane = lane(new HelpPlan.Item(rank, step, microBatch, teacher));
        if (!arrived.containsKey(slot) && lane != null) {
            await(slot, lane, System.nanoTime() + patience);
        }
        float[] values = arrived.get(slot);
        if (values != null && lane != null) {
            used.merge(lane.helper, 1, Integer::sum);
        }
        return Optional.ofNullable(values);
    }

    /** Who computes it ahead; null if nobody. */
    private Lane lane(HelpPlan.Item item) {
        if (lanes.isEmpty()) {
            return null;
        }
        HelpPlan.Share share = plan.shares().get(rank);
        boolean mine = item.microBatch() >= share.first() && item.microBatch() < share.first() + share.count();
        int helper = mine ? plan.helper(item) : -1;
        return helper < 0 ? null : lanes.get(helper);
    }

    private void await(Slot slot, Lane lane, long end) {
        while (lane.prompt && lane.started.contains(slot) && !arrived.containsKey(slot)) {
            long left = end - System.nanoTime();
            if (left <= 0) {
                lane.prompt = false;
                return;
            }
            try {
                TimeUnit.NANOSECONDS.timedWait(this, left);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    /** Features used since this was last asked, by name of the helper. */
    public synchronized Map<String, Integer> used() {
        Map<String, Integer> sum = Map.copyOf(used);
        used.clear();
        return sum;
    }

    @Override
    public void close() {
        synchronized (this) {
            lanes.forEach(Lane::close);
            lanes = List.of();
        }
        thread.close();
    }

    /** The lane from one helper; its fields are guarded by the inbox, but for what is on its way. */
    private final class Lane implements FeatureLane.End {
        private final int place;
        private final String helper;
        private final FeatureLane lane;
        private final Set<Slot> started = new HashSet<>();

        /** Whether it is waited for: it was in time since it was last waited for in vain. */
        private boolean prompt;

        private long told = -1;
        private boolean telling;
        private boolean over;
        private Slot coming;
        private FeatureHeader header;
        private float[] values;
        private int missing;

        Lane(int place, PeerTransport transport, Help help, FeatureLane.Ends ends) {
            this.place = place;
            helper = ends.helper().getWorker();
            lane = new FeatureLane(
                    transport, ends.peers(help, FeatureLane.TAKER), FrameHeader.Use.FEATURES, thread, this);
        }

        void close() {
            over = true;
            lane.close();
        }

        /** One word at a time: a helper that hangs costs no memory. */
        void tell(long step) {
            if (!telling && !over && told != step) {
                telling = true;
                told = step;
                FrameHeader.Place word = new FrameHeader.Place(step, whole(step), window());
                lane.send(FrameHeader.Kind.AT, word, Frame.Payload.NONE, this::toldAgain);
            }
        }

        /** Steps after the one at hand whose features are kept. */
        private int window() {
            return shape.window(plan.shares().get(rank).count());
        }

        /** Steps after this one of which all that the helper computes is there. */
        private int whole(long step) {
            int steps = 0;
            while (steps < HelpPlan.MOST_STEPS
                    && plan.of(step + 1 + steps, place).stream()
                            .filter(item -> item.member() == rank)
                            .allMatch(this::has)) {
                steps++;
            }
            return steps;
        }

        private boolean has(HelpPlan.Item item) {
            return arrived.containsKey(new Slot(item.step(), item.microBatch() * shape.teachers() + item.teacher()));
        }

        private void toldAgain() {
            synchronized (FeatureInbox.this) {
                telling = false;
                tell(at);
            }
        }

        @Override
        public void take(Frame frame) {
            FrameHeader.Place place = frame.header().place();
            boolean good = switch (frame.header().kind()) {
                case STARTED -> started(new Slot(place.step(), place.slot()));
                case FEATURES -> begin(new Slot(place.step(), place.slot()), FeatureHeader.read(frame.payload()));
                case VALUES -> add(place.position(), frame);
                default -> false;
            };
            if (!good) {
                lane.refuse("sent features that are none: " + place);
            }
        }

        private boolean started(Slot slot) {
            synchronized (FeatureInbox.this) {
                if (!over && isWanted(slot)) {
                    started.add(slot);
                }
            }
            return true;
        }

        /** Whether there is room for it: memory is bounded by what a member may keep. */
        private boolean isWanted(Slot slot) {
            HelpPlan.Share share = plan.shares().get(rank);
            int microBatch = Math.floorDiv(slot.slot, shape.teachers()) - share.first();
            return slot.step >= at && slot.step <= at + window() && microBatch >= 0 && microBatch < share.count();
        }

        private boolean begin(Slot slot, FeatureHeader read) {
            if (read == null || slot.slot < 0 || missing > 0) {
                return false;
            }
            int teacher = slot.slot % shape.teachers();
            if (read.rows() != shape.rows() || read.width() != shape.widths().get(teacher)) {
                return false;
            }
            if (!shape.takes(read.profile())) {
                notices.accept("The features of the helper %s are not used: its profile is %s, and the job has %s"
                        .formatted(helper, read.profile(), shape.profile()));
                lane.refuse("has another numeric profile");
                return true;
            }
            coming = slot;
            header = read;
            values = new float[shape.length(teacher)];
            missing = values.length;
            return true;
        }

        private boolean add(int position, Frame frame) {
            int count = frame.header().length() / Float.BYTES;
            if (values == null || position < 0 || position > values.length - count || count > missing) {
                return false;
            }
            frame.floats().get(values, position, count);
            missing -= count;
            return missing > 0 || arrive();
        }

        private boolean arrive() {
            float[] all = values;
            values = null;
            if (!header.describes(all)) {
                return false;
            }
            synchronized (FeatureInbox.this) {
                if (!over && isWanted(coming)) {
                    arrived.put(coming, all);
                    prompt |= coming.step > at;
                }
                started.remove(coming);
                FeatureInbox.this.notifyAll();
            }
            return true;
        }

        @Override
        public void broken(String why) {
            LOG.info("No features come from the helper {} any more: {}", helper, why);
            synchronized (FeatureInbox.this) {
                over = true;
                prompt = false;
                started.clear();
                FeatureInbox.this.notifyAll();
            }
        }
    }
}
