package org.simreg.bench.scale;

import java.util.List;
import org.simreg.coordinator.job.help.StepCost;
import org.simreg.coordinator.job.schedule.MicroBatchShares;
import org.simreg.proto.StepDone;
import org.simreg.worker.exchange.ahead.HelpPlan;
import org.simreg.worker.exchange.reduce.Segments;

/**
 * The time of a step among members and helpers, by a cost model: as the training loop does it, the gradients travel
 * while the next step's views are decoded and shown to the teacher.
 *
 * @param student seconds of the slowest member's backward passes
 * @param prepare seconds of the slowest member's views and features
 * @param reduce seconds from the last gradient to the mean
 * @param rest seconds of the update and what else a step takes
 * @param pace seconds below which helpers can't keep up
 */
public record StepTime(double student, double prepare, double reduce, double rest, double pace) {
    /** Seconds from one commit to the next. */
    public double seconds() {
        return Math.max(student + Math.max(prepare, reduce) + rest, pace);
    }

    /** Whether all of the reduce passes while the next step is prepared. */
    boolean hides() {
        return reduce <= prepare;
    }

    /** How gradients get from member to member. */
    public enum Exchange {
        /** Each member owns a segment, gets it of all, and sends its sum to all: the product's way. */
        ALL_TO_ALL,
        /** Halves of halves go along the tree: the same bytes in fewer messages, one after the other. */
        HALVING
    }

    /**
     * @param helpers that compute as much as {@link StepCost} says
     * @param gigabits a second, each way, of a worker's network
     */
    public static StepTime of(
            CostModel model, int microBatches, int members, int helpers, double gigabits, Exchange exchange) {
        List<MicroBatchShares.Share> shares = MicroBatchShares.of(microBatches, members);
        int most = shares.stream().mapToInt(MicroBatchShares.Share::count).max().orElseThrow();
        double slower = crowded(model, members + helpers);
        double feature = slower * model.number("teacher_seconds");
        double student = most * slower * model.number("student_seconds");
        double rest = slower * model.number("update_seconds") + model.number("step_overhead_seconds");
        StepCost cost = cost(most, feature, student + rest);
        int part = helpers == 0 ? 0 : (int) Math.max(1, Math.floor(HelpPlan.WHOLE * cost.part(microBatches, helpers)));
        HelpPlan plan = new HelpPlan(
                shares.stream()
                        .map(share -> new HelpPlan.Share(share.first(), share.count()))
                        .toList(),
                1,
                helpers,
                part);
        // Over so many steps that parts of a feature come out even.
        int steps = HelpPlan.WHOLE;
        int[] theirs = new int[Math.max(1, helpers)];
        for (int step = 0; helpers > 0 && step < steps; step++) {
            for (int helper = 0; helper < helpers; helper++) {
                theirs[helper] += plan.of(step, helper).size();
            }
        }
        int helped = 0;
        int slowest = 0;
        for (int count : theirs) {
            helped += count;
            slowest = Math.max(slowest, count);
        }
        int own = microBatches * steps - helped;
        double features = (double) own / steps * most / microBatches;
        double images = most * model.number("rows");
        double decode = slower * images / model.number("decode_images_per_second");
        double prepare = Math.max(features * feature, decode);
        double pace = (double) slowest / steps * feature * StepCost.HELPERS_MORE;
        double reduce = members == 1 ? 0 : reduce(model, microBatches, shares, gigabits, exchange);
        return new StepTime(student, prepare, reduce, rest, pace);
    }

    /** Workers beyond the machine's cores take turns; without a number of cores each has its own. */
    private static double crowded(CostModel model, int workers) {
        double cores = model.number("cores");
        return cores == 0 ? 1 : Math.max(1, workers * model.number("cores_per_worker") / cores);
    }

    /** As a member of a job without helpers would have measured its steps. */
    private static StepCost cost(int own, double feature, double rest) {
        StepDone step = StepDone.newBuilder()
                .setSeconds(own * feature + rest)
                .setTeacherSeconds(own * feature)
                .setFeatures(own)
                .setFeatureSeconds(feature)
                .build();
        StepCost cost = StepCost.UNKNOWN;
        for (int i = 0; i < 8; i++) {
            cost = cost.next(step);
        }
        return cost;
    }

    /** Helpers that pay for so many members, as the coordinator reckons. */
    static int paying(CostModel model, int microBatches, int members) {
        int most = (microBatches + members - 1) / members;
        double rest = most * model.number("student_seconds")
                + model.number("update_seconds")
                + model.number("step_overhead_seconds");
        return (int) Math.ceil(cost(most, model.number("teacher_seconds"), rest).paying(microBatches) - 0.2);
    }

    private static double reduce(
            CostModel model,
            int microBatches,
            List<MicroBatchShares.Share> shares,
            double gigabits,
            Exchange exchange) {
        int members = shares.size();
        int floats = (int) model.number("vector_floats");
        Segments segments = new Segments(floats, members, (int) (model.number("chunk_bytes") / Float.BYTES));
        int parts = 0;
        int mostParts = 0;
        for (MicroBatchShares.Share share : shares) {
            int own = MicroBatchShares.subtrees(0, microBatches, share.first(), share.first() + share.count());
            parts += own;
            mostParts = Math.max(mostParts, own);
        }
        double bytes = 4.0 * floats;
        double segment = 4.0 * (segments.end(0) - segments.start(0));
        double latency = model.number("latency_microseconds") / 1e6;
        double frame = model.number("frame_microseconds") / 1e6;
        double rate = gigabits * 1e9 / 8;
        double sums = (parts - 1) * segment / model.number("sum_bytes_per_second");
        if (exchange == Exchange.HALVING) {
            int rounds = 32 - Integer.numberOfLeadingZeros(members - 1);
            double travelled = 2 * mostParts * bytes * (members - 1) / members;
            double chunks = travelled / model.number("chunk_bytes") + 2 * rounds;
            return travelled / rate + 2 * rounds * latency + chunks * frame + sums;
        }
        // The slowest way of the two, out or in, for partial sums; then the same for the sums.
        double out = mostParts * (bytes - segment);
        double in = (parts - 1) * segment;
        double gathered = bytes - segment;
        int frames = mostParts * (segments.chunks() - segments.chunks(0))
                + (parts - 1) * segments.chunks(0)
                + 2 * (segments.chunks() - segments.chunks(0));
        return (Math.max(out, in) + gathered) / rate + 2 * latency + frames * frame + sums;
    }

    /** Seconds in which a newcomer gets the state from one that has it. */
    static double transfer(CostModel model, double gigabits) {
        double bytes = 4 * model.number("vector_floats") * model.number("state_vectors");
        return bytes / (gigabits * 1e9 / 8) + model.number("latency_microseconds") / 1e6;
    }
}
