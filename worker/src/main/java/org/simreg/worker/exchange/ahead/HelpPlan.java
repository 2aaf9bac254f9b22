package org.simreg.worker.exchange.ahead;

import java.util.ArrayList;
import java.util.List;
import org.simreg.proto.Generation;
import org.simreg.proto.Help;

/**
 * The plan of who computes which teacher's features of which micro-batch ahead: a pure function of members, helpers and
 * the part that the helpers take. Every process of a job makes the same one. A wrong one would cost time and nothing
 * else: a member computes what it lacks.
 *
 * <p>The helpers' part is spread evenly over the steps, and over the members so that all have as much of it in each
 * step: the slowest sets the pace. Steps count from 0.
 *
 * @param shares micro-batches of each member, in order of rank
 * @param teachers frozen teachers of the job
 * @param helpers how many there are
 * @param part of {@link #WHOLE} features the helpers compute so many
 */
public record HelpPlan(List<Share> shares, int teachers, int helpers, int part) {
    /** The part of helpers that compute all features. */
    public static final int WHOLE = 256;

    /** Most steps that features are computed ahead. */
    static final int MOST_STEPS = 16;

    /** Least steps, whatever memory they take. */
    private static final int LEAST_STEPS = 2;

    /** What the features that wait at one member may take. */
    private static final long WAITING_BYTES = 128L << 20;

    /** One member's micro-batches: [first, first + count). */
    public record Share(int first, int count) {}

    /**
     * Features that one helper computes for one member.
     *
     * @param member its rank
     */
    public record Item(int member, long step, int microBatch, int teacher) {}

    public HelpPlan {
        shares = List.copyOf(shares);
        if (teachers < 0 || helpers < 0 || part < 0 || part > WHOLE) {
            throw new IllegalArgumentException(
                    "%d teachers, %d helpers, part %d of %d".formatted(teachers, helpers, part, WHOLE));
        }
    }

    /** The plan of an order. */
    public static HelpPlan of(Help help, int teachers) {
        List<Share> shares = new ArrayList<>();
        for (Generation.Member member : help.getMembersList()) {
            shares.add(new Share(member.getFirst(), member.getCount()));
        }
        int part = Math.max(0, Math.min(WHOLE, help.getPart()));
        return new HelpPlan(shares, teachers, help.getHelpersCount(), part);
    }

    /** Number of the helper that computes an item, or -1: the member computes it itself. */
    public int helper(Item item) {
        Share share = shares.get(item.member);
        long place = (item.microBatch - share.first) * (long) teachers + item.teacher;
        long before = taken(item.step * share.count * teachers + place);
        boolean helped = helpers > 0 && taken(item.step * share.count * teachers + place + 1) > before;
        return helped ? (int) ((before * shares.size() + item.member) % helpers) : -1;
    }

    /** Of so many features of a member the helpers compute as many. */
    private long taken(long features) {
        return features * part / WHOLE;
    }

    /** A helper's items of a step, in the order in which it computes them. */
    public List<Item> of(long step, int helper) {
        List<Item> items = new ArrayList<>();
        for (int member = 0; member < shares.size(); member++) {
            Share share = shares.get(member);
            for (int microBatch = share.first; microBatch < share.first + share.count; microBatch++) {
                for (int teacher = 0; teacher < teachers; teacher++) {
                    Item item = new Item(member, step, microBatch, teacher);
                    if (helper(item) == helper) {
                        items.add(item);
                    }
                }
            }
        }
        return items;
    }

    /**
     * Steps behind the one that a member prepares whose features it keeps for then.
     *
     * @param bytes of the features of one of its steps
     */
    public static int window(long bytes) {
        return (int) Math.max(LEAST_STEPS, Math.min(MOST_STEPS, WAITING_BYTES / Math.max(1, bytes)));
    }
}
