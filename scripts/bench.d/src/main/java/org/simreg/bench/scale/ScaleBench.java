package org.simreg.bench.scale;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.simreg.bench.scale.StepTime.Exchange;

/**
 * A simulation of one job on 1 to 1,024 workers: images a second without and with failures, what the reduce costs, and how
 * long a training takes. Prints a line a combination, and a table. Nothing in it is measured.
 */
public final class ScaleBench {
    private static final double DAY = 86_400;

    private ScaleBench() {}

    /**
     * @param arguments file of the {@link CostModel}
     */
    public static void main(String[] arguments) {
        CostModel model = CostModel.read(Path.of(arguments[0]));
        List<String> rows = new ArrayList<>();
        for (double microBatches : model.list("micro_batches")) {
            for (double gigabits : model.list("gigabits")) {
                for (double workers : model.list("workers")) {
                    rows.add(simulate(model, (int) microBatches, gigabits, (int) workers));
                }
            }
        }
        System.out.println();
        System.out.println(
                "| micro-batches | Gb/s | workers | members, helpers | step s | reduce s | hides | images/s |"
                        + " of that with failures | generations a day | days for all epochs |");
        System.out.println("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
        rows.forEach(System.out::println);
    }

    private static String simulate(CostModel model, int microBatches, double gigabits, int workers) {
        int members = Math.min(workers, microBatches);
        int helpers = Math.min(workers - members, StepTime.paying(model, microBatches, members));
        StepTime time = StepTime.of(model, microBatches, members, helpers, gigabits, Exchange.ALL_TO_ALL);
        StepTime halving = StepTime.of(model, microBatches, members, helpers, gigabits, Exchange.HALVING);
        double images = microBatches * model.number("rows") / time.seconds();
        SimulatedJob.Outcome outcome = new SimulatedJob(model, microBatches, gigabits).run(workers);
        double goodput = outcome.images() / images;
        double days = model.number("images") * model.number("epochs") / outcome.images() / DAY;
        double generations = outcome.generations() * 24 / model.number("hours");
        System.out.printf(
                Locale.ROOT,
                "{\"bench\":\"scale\",\"simulated\":true,\"micro_batches\":%d,\"gigabits\":%.0f,\"workers\":%d,\"members\":%d,"
                        + "\"helpers\":%d,\"step_s\":%.4f,\"student_s\":%.4f,\"prepare_s\":%.4f,\"reduce_s\":%.4f,"
                        + "\"halving_s\":%.4f,\"hides\":%s,\"images_s\":%.1f,\"goodput\":%.4f,\"generations_day\":%.1f,"
                        + "\"days\":%.3f}%n",
                microBatches,
                gigabits,
                workers,
                members,
                helpers,
                time.seconds(),
                time.student(),
                time.prepare(),
                time.reduce(),
                halving.reduce(),
                time.hides(),
                images,
                goodput,
                generations,
                days);
        return String.format(
                Locale.ROOT,
                "| %d | %.0f | %d | %d, %d | %.3f | %.3f | %s | %,.0f | %.1f %% | %.1f | %.3f |",
                microBatches,
                gigabits,
                workers,
                members,
                helpers,
                time.seconds(),
                time.reduce(),
                time.hides() ? "yes" : "no",
                images,
                100 * goodput,
                generations,
                days);
    }
}
