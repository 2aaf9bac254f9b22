package org.simreg.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.SortedMap;
import java.util.concurrent.locks.LockSupport;
import org.simreg.bench.Follower.Seen;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.proto.Job;
import org.simreg.proto.ListWorkersRequest;
import org.simreg.proto.ListWorkersResponse;
import org.simreg.proto.Network;
import org.simreg.proto.Progress;
import org.simreg.proto.SubmitRequest;

/**
 * A benchmark of what the loss of a worker and its return cost the others: real processes, {@code
 * kill -9} and SIGSTOP at random moments, again and again.
 */
public final class RecoveryBench {
    private static final List<String> WORKERS = List.of("w0", "w1", "w2");
    private static final List<String> PROBED = List.of("-Dsimreg.loop.probe=true");
    private static final int USUAL = 4;

    private final Processes processes;
    private final ApiClient client;
    private final Follower events;
    private final Random random = new Random(1);
    private final List<Double> joins = new ArrayList<>();
    private Seen last;
    private double step = Double.NaN;

    private RecoveryBench(Processes processes, ApiClient client, Follower events) {
        this.processes = processes;
        this.client = client;
        this.events = events;
    }

    /**
     * @param arguments folder for logs, folder of pictures, rounds
     */
    public static void main(String[] arguments) {
        Path folder = Path.of(arguments[0]).toAbsolutePath();
        Job job = job(Path.of(arguments[1]).toAbsolutePath(), folder.resolve("run"));
        int rounds = Integer.parseInt(arguments[2]);
        try (Processes processes = new Processes(folder, WORKERS, PROBED)) {
            processes.coordinator();
            WORKERS.forEach(processes::worker);
            try (ApiClient client = processes.client()) {
                SubmitRequest request = SubmitRequest.newBuilder().setJob(job).build();
                String id = client.ask(jobs -> jobs.submit(request)).getId();
                try (Follower events = new Follower(client, id)) {
                    new RecoveryBench(processes, client, events).run(rounds);
                }
            }
        }
        health(new Logs(folder), 2 * rounds);
    }

    /**
     * @param taken members that were taken away
     */
    private static void health(Logs logs, int taken) {
        SortedMap<Integer, Long> delays = logs.delays();
        System.out.printf(
                Locale.ROOT,
                "{\"what\":\"milliseconds that event loops were late\",\"p99\":%d,\"p99.9\":%d,\"worst\":%d,\"of\":%d}%n",
                Logs.quantile(delays, 0.99),
                Logs.quantile(delays, 0.999),
                Logs.quantile(delays, 1),
                delays.values().stream().mapToLong(count -> count).sum());
        System.out.printf(
                "{\"what\":\"members that Hazelcast lost\",\"taken away\":%d,\"lost\":%d}%n", taken, logs.lost());
    }

    /**
     * ResNet-18 with a momentum teacher: 11 million weights, and a state that is three times as
     * large.
     */
    private static Job job(Path data, Path out) {
        Job.Builder job = Job.newBuilder().setName("recovery");
        job.getDatasetBuilder().addPath(data.toString());
        job.addTeachersBuilder().setSource("self");
        job.getStudentBuilder().setNetwork(Network.RESNET18);
        job.getViewsBuilder().setSize(32);
        job.getOptimizationBuilder().setEpochs(10_000).setBatch(32).setMicroBatches(4);
        job.getCheckpointsBuilder().setOutput(out.toString());
        job.getEvaluationBuilder().setEveryEpochs(0);
        return job.build();
    }

    private void run(int rounds) {
        for (boolean freeze : new boolean[] {false, true}) {
            List<Double> seen = new ArrayList<>();
            List<Double> next = new ArrayList<>();
            for (int round = 0; round < rounds; round++) {
                lose(freeze, seen, next);
            }
            String how = freeze ? "SIGSTOP" : "kill -9";
            print("seconds from " + how + " until the loss is seen", seen);
            print("seconds from " + how + " to the next committed step", next);
        }
        print("steps' time that a join costs the others", joins.subList(1, joins.size()));
    }

    /** Waits until all train, then takes one away. */
    private void lose(boolean freeze, List<Double> seen, List<Double> next) {
        joins.add(join());
        settle();
        // The first call to the coordinator takes longer than those after it.
        workers();
        String victim = WORKERS.get(random.nextInt(WORKERS.size()));
        // Anywhere within a step.
        LockSupport.parkNanos((long) (random.nextDouble() * step * 1e9));
        long start = System.nanoTime();
        if (freeze) {
            processes.freeze(victim);
        } else {
            processes.kill(victim);
        }
        awaitLoss(victim);
        seen.add((System.nanoTime() - start) / 1e9);
        events.next(Progress::hasGeneration);
        last = events.step();
        next.add((last.nanos() - start) / 1e9);
        System.err.printf(
                Locale.ROOT,
                "%2d  %s %s: seen after %.2f s, next step after %.2f s; a step takes %.2f s%n",
                next.size(),
                victim,
                freeze ? "frozen" : "killed",
                seen.get(seen.size() - 1),
                next.get(next.size() - 1),
                step);
        if (freeze) {
            processes.kill(victim);
        }
        processes.worker(victim);
    }

    private void awaitLoss(String worker) {
        while (workers().getWorkersList().stream().anyMatch(w -> w.getWorker().equals(worker))) {
            LockSupport.parkNanos(10_000_000);
        }
    }

    private ListWorkersResponse workers() {
        return client.ask(jobs -> jobs.listWorkers(ListWorkersRequest.getDefaultInstance()));
    }

    /**
     * Waits until all train.
     *
     * @return time between the steps before and after, less that of a usual step, in steps
     */
    private double join() {
        List<Long> before = new ArrayList<>();
        while (true) {
            Seen seen = events.next(event -> event.hasStep() || event.hasGeneration());
            if (seen.progress().hasStep()) {
                before.add(seen.nanos());
            } else if (seen.progress().getGeneration().getWorkersCount() == WORKERS.size()) {
                last = events.step();
                int count = before.size();
                double usual = count > USUAL ? median(gaps(before)) : Double.NaN;
                return count == 0 ? Double.NaN : (last.nanos() - before.get(count - 1)) / 1e9 / usual - 1;
            }
        }
    }

    private void settle() {
        List<Long> times = new ArrayList<>(List.of(last.nanos()));
        while (times.size() <= USUAL) {
            last = events.step();
            times.add(last.nanos());
        }
        step = median(gaps(times));
    }

    private static List<Double> gaps(List<Long> times) {
        List<Double> gaps = new ArrayList<>();
        for (int i = 1; i < times.size(); i++) {
            gaps.add((times.get(i) - times.get(i - 1)) / 1e9);
        }
        return gaps;
    }

    private static double median(List<Double> values) {
        List<Double> sorted =
                values.stream().filter(value -> !value.isNaN()).sorted().toList();
        return sorted.isEmpty() ? Double.NaN : sorted.get(sorted.size() / 2);
    }

    private static void print(String what, List<Double> values) {
        System.out.printf(
                Locale.ROOT,
                "{\"what\":\"%s\",\"median\":%.2f,\"worst\":%.2f,\"of\":%d}%n",
                what,
                median(values),
                values.stream()
                        .mapToDouble(value -> value)
                        .filter(v -> !Double.isNaN(v))
                        .max()
                        .orElse(0),
                values.size());
    }
}
