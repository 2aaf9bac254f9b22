package org.simreg.worker.exchange.ahead;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.simreg.proto.Generation;
import org.simreg.proto.Help;

/**
 * The plan of who computes which teacher's features of which micro-batch ahead: a pure function of members, helpers,
 * the teachers that each of those holds, and the part that they take. Every process of a job makes the same one. A wrong
 * one would cost time and nothing else: a member computes what it lacks.
 *
 * <p>The helpers' part is spread evenly over the steps, and over the members so that all have as much of it in each
 * step: the slowest sets the pace. Of a teacher that nobody holds the members compute all. Steps count from 0.
 *
 * @param shares micro-batches of each member, in order of rank
 * @param teachers frozen teachers of the job
 * @param helpers how many there are
 * @param part of {@link #WHOLE} features of the teachers that are held the helpers compute so many
 * @param groups the teachers that are held, by their holders
 */
public record HelpPlan(List<Share> shares, int teachers, int helpers, int part, List<TeacherGroup> groups) {
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
        groups = List.copyOf(groups);
        if (teachers < 0 || helpers < 0 || part < 0 || part > WHOLE) {
            throw new IllegalArgumentException(
                    "%d teachers, %d helpers, part %d of %d".formatted(teachers, helpers, part, WHOLE));
        }
    }

    /** The plan of helpers each of which holds all teachers. */
    public HelpPlan(List<Share> shares, int teachers, int helpers, int part) {
        this(shares, teachers, part, Collections.nCopies(Math.max(0, helpers), List.of()));
    }

    /**
     * The plan of helpers that hold some teachers.
     *
     * @param held teachers of each helper; empty: all
     */
    public HelpPlan(List<Share> shares, int teachers, int part, List<List<Integer>> held) {
        this(shares, teachers, held.size(), part, groups(teachers, held));
    }

    /** The plan of an order. */
    public static HelpPlan of(Help help, int teachers) {
        List<Share> shares = new ArrayList<>();
        for (Generation.Member member : help.getMembersList()) {
            shares.add(new Share(member.getFirst(), member.getCount()));
        }
        int part = Math.max(0, Math.min(WHOLE, help.getPart()));
        List<List<Integer>> held =
                help.getHelpersList().stream().map(Help.Helper::getTeachersList).toList();
        return new HelpPlan(shares, teachers, part, held);
    }

    /** Teachers with the same holders are one group, so that helpers who hold all take turns over all. */
    private static List<TeacherGroup> groups(int teachers, List<List<Integer>> held) {
        List<Integer> all = IntStream.range(0, teachers).boxed().toList();
        List<List<Integer>> holds = held.stream()
                .map(some -> some.isEmpty()
                        ? all
                        : all.stream().filter(some::contains).toList())
                .toList();
        Map<List<Integer>, List<Integer>> byHolders = new LinkedHashMap<>();
        for (int teacher : all) {
            List<Integer> holders = IntStream.range(0, holds.size())
                    .filter(helper -> holds.get(helper).contains(teacher))
                    .boxed()
                    .toList();
            if (!holders.isEmpty()) {
                byHolders.computeIfAbsent(holders, key -> new ArrayList<>()).add(teacher);
            }
        }
        List<Integer> counts = holds.stream().map(List::size).toList();
        int sum = byHolders.values().stream().mapToInt(List::size).sum();
        List<TeacherGroup> groups = new ArrayList<>();
        int before = 0;
        for (Map.Entry<List<Integer>, List<Integer>> group : byHolders.entrySet()) {
            groups.add(TeacherGroup.of(group.getValue(), group.getKey(), counts, WHOLE * before / sum));
            before += group.getValue().size();
        }
        return groups;
    }

    /** Number of the helper that computes an item, or -1: the member computes it itself. */
    public int helper(Item item) {
        Share share = shares.get(item.member);
        for (TeacherGroup group : groups) {
            int place = group.teachers().indexOf(item.teacher);
            if (place >= 0) {
                long size = group.teachers().size();
                long features = (item.step * share.count + item.microBatch - share.first) * size + place;
                long before = group.taken(features, part);
                boolean helped = group.taken(features + 1, part) > before;
                return helped ? group.holder(before * shares.size() + item.member) : -1;
            }
        }
        return -1;
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
