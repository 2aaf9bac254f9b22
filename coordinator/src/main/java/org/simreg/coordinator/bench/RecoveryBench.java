package org.simreg.coordinator.bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.simreg.coordinator.bench.Follower.Seen;
import org.simreg.coordinator.client.ApiClient;
import org.simreg.coordinator.job.JobFile;
import org.simreg.proto.Job;
import org.simreg.proto.JobStatus;
import org.simreg.proto.SubmitRequest;

/**
 * Seconds from the death of a worker to the next step that the others commit, and what a join costs
 * them: real processes, {@code kill -9} or SIGSTOP, again and again.
 */
public final class RecoveryBench {
    private final Processes processes;
    private final Follower events;
    private final Random random = new Random(1);

    private RecoveryBench(Processes processes, Follower events) {
        this.processes = processes;
        this.events = events;
    }

    /**
     * @param arguments folder for logs, job file (with many steps), workers, rounds, and "kill" or
     *     "freeze"
     */
    public static void main(String[] arguments) {
        Path folder = Path.of(arguments[0]).toAbsolutePath();
        Job job =
                JobFile.read(Path.of(arguments[1])).toBuilder()
                        .setCheckpoints(
                                org.simreg.proto.Checkpoints.newBuilder()
                                        .setOutput(folder.resolve("run").toString()))
                        .build();
        int workers = Integer.parseInt(arguments[2]);
        int rounds = Integer.parseInt(arguments[3]);
        try (Processes processes = new Processes(folder)) {
            processes.coordinator();
            for (int i = 0; i < workers; i++) {
                processes.worker("w" + i);
            }
            try (ApiClient client = processes.client()) {
                JobStatus status =
                        client.ask(
                                jobs ->
                                        jobs.submit(
                                                SubmitRequest.newBuilder().setJob(job).build()));
                try (Follower events = new Follower(client, status.getId())) {
                    new RecoveryBench(processes, events)
                            .run(workers, rounds, arguments[4].equals("freeze"));
                }
            }
        }
        if (!Files.exists(folder)) {
            throw new IllegalStateException("the logs are gone");
        }
    }

    private void run(int workers, int rounds, boolean freeze) {
        List<Double> recoveries = new ArrayList<>();
        List<Double> joins = new ArrayList<>();
        for (int round = 0; round < rounds; round++) {
            Seen whole =
                    events.next(
                            event ->
                                    event.hasGeneration()
                                            && event.getGeneration().getWorkersCount() == workers);
            double step = settle();
            if (round > 0) {
                joins.add(step);
            }
            long generation = whole.progress().getGeneration().getNumber();
            String victim = "w" + random.nextInt(workers);
            // Anywhere within a step.
            wait(random.nextDouble() * step);
            long killed = System.nanoTime();
            if (freeze) {
                processes.freeze(victim);
            } else {
                processes.kill(victim);
            }
            events.next(
                    event ->
                            event.hasGeneration()
                                    && event.getGeneration().getNumber() > generation);
            Seen next = events.next(event -> event.hasStep());
            recoveries.add((next.nanos() - killed) / 1e9);
            System.out.printf(
                    Locale.ROOT,
                    "%2d  %s %s: next step after %.2f s (a step takes %.2f s)%n",
                    round + 1,
                    victim,
                    freeze ? "frozen" : "killed",
                    recoveries.get(round),
                    step);
            if (freeze) {
                processes.kill(victim);
            }
            processes.worker(victim);
        }
        recoveries.sort(null);
        System.out.printf(
                Locale.ROOT,
                "from %s to the next committed step: median %.2f s, worst %.2f s of %d%n",
                freeze ? "SIGSTOP" : "kill -9",
                recoveries.get(recoveries.size() / 2),
                recoveries.get(recoveries.size() - 1),
                recoveries.size());
    }

    /** Seconds of a step once the generation is under way: the shortest of four. */
    private double settle() {
        double least = Double.MAX_VALUE;
        long before = events.next(event -> event.hasStep()).nanos();
        for (int i = 0; i < 4; i++) {
            long now = events.next(event -> event.hasStep()).nanos();
            least = Math.min(least, (now - before) / 1e9);
            before = now;
        }
        return least;
    }

    private static void wait(double seconds) {
        long end = System.nanoTime() + (long) (seconds * 1e9);
        while (System.nanoTime() < end) {
            Thread.onSpinWait();
        }
    }
}
