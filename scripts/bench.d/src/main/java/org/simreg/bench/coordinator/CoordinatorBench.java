package org.simreg.bench.coordinator;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.simreg.bench.Ports;
import org.simreg.bench.Processes;
import org.simreg.coordinator.cli.option.GlobalOptions;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.proto.Hello;
import org.simreg.proto.Job;
import org.simreg.proto.JobRequest;
import org.simreg.proto.SubmitRequest;

/**
 * A benchmark of what many workers and jobs cost a coordinator: a real coordinator process, and workers that say what
 * real ones say, each by a connection of its own, all in this JVM. The running jobs share the workers; the others wait.
 */
public final class CoordinatorBench {
    private static final Duration PATIENCE = Duration.ofMinutes(5);
    private static final int PROBE_MS = 10;

    /** Workers come one after the other; a thousand connections at once are another benchmark. */
    private static final int APART_MS = 5;

    private final Processes processes;
    private final ApiClient client;
    private final Load load;
    private final Samples acknowledged = new Samples();
    private final AtomicInteger training = new AtomicInteger();
    private final AtomicInteger failed = new AtomicInteger();

    /**
     * What the coordinator has to bear.
     *
     * @param running jobs that train; each has its part of the workers
     * @param queued jobs that wait
     * @param stepMs between two steps of a job
     */
    private record Load(int workers, int running, int queued, int seconds, int stepMs) {}

    private CoordinatorBench(Processes processes, ApiClient client, Load load) {
        this.processes = processes;
        this.client = client;
        this.load = load;
    }

    /**
     * @param arguments folder for logs and runs, workers, running jobs, queued jobs, seconds, milliseconds of a step
     */
    public static void main(String[] arguments) throws Exception {
        // A submit waits for the disk; the pool is made at its first use.
        System.setProperty("java.util.concurrent.ForkJoinPool.common.parallelism", "31");
        Path folder = Path.of(arguments[0]).toAbsolutePath();
        int[] numbers =
                Arrays.stream(arguments).skip(1).mapToInt(Integer::parseInt).toArray();
        Load load = new Load(numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]);
        int http = new Ports().next();
        try (Processes processes = new Processes(folder, List.of(), List.of())) {
            processes.coordinatorOptions(
                    "--http=127.0.0.1:" + http,
                    "--max-queue=" + (load.running + load.queued),
                    "--max-connections=" + (load.workers + 100),
                    "--max-connections-per-address=" + (load.workers + 100));
            processes.coordinator();
            try (ApiClient client = processes.client()) {
                new CoordinatorBench(processes, client, load).run(folder, http);
            }
        }
        System.exit(0); // gRPC's and Netty's threads are not daemons
    }

    private void run(Path folder, int http) throws IOException, InterruptedException {
        long begun = System.nanoTime();
        IntStream.range(0, load.running + load.queued)
                .parallel()
                .forEach(i -> client.ask(jobs -> jobs.submit(
                        SubmitRequest.newBuilder().setJob(job(folder, i)).build())));
        System.out.printf(
                Locale.ROOT,
                "{\"what\":\"jobs submitted, %d at a time\",\"jobs\":%d,\"seconds\":%.1f}%n",
                ForkJoinPool.getCommonPoolParallelism() + 1,
                load.running + load.queued,
                (System.nanoTime() - begun) / 1e9);
        begun = System.nanoTime();
        ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
        List<ManagedChannel> channels = attend(timer);
        await();
        System.out.printf(
                Locale.ROOT,
                "{\"what\":\"workers from nothing to training\",\"workers\":%d,\"seconds\":%.1f}%n",
                load.workers,
                (System.nanoTime() - begun) / 1e9);
        pause(Math.min(10, load.seconds)); // what was compiled meanwhile is not measured
        acknowledged.clear();
        failed.set(0);
        Ticks before = Ticks.scrape(http);
        double cpu = cpuSeconds();
        begun = System.nanoTime();
        Samples answers = probe();
        double seconds = (System.nanoTime() - begun) / 1e9;
        Ticks ticks = Ticks.scrape(http).minus(before);
        print(seconds, cpuSeconds() - cpu, answers, ticks);
        timer.shutdownNow();
        channels.forEach(ManagedChannel::shutdownNow);
    }

    private Job job(Path folder, int number) {
        int members = load.workers / load.running;
        Job.Builder job = Job.newBuilder().setName("j" + number);
        job.getDatasetBuilder().addPath("/data");
        job.addTeachersBuilder().setSource("/t.pt");
        job.getOptimizationBuilder().setBatch(4 * members).setMicroBatches(members);
        job.getPlacementBuilder().setMinWorkers(members).setMaxWorkers(members);
        job.getCheckpointsBuilder().setOutput(folder.resolve("runs/j" + number).toString());
        return job.build();
    }

    private List<ManagedChannel> attend(ScheduledExecutorService timer) {
        EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        LightWorker.Tally tally = new LightWorker.Tally(load.stepMs, training, acknowledged::add, failed);
        String version = GlobalOptions.Version.number();
        List<ManagedChannel> channels = new ArrayList<>();
        for (int i = 0; i < load.workers; i++) {
            ManagedChannel channel = NettyChannelBuilder.forAddress(
                            processes.address().host(), processes.address().port())
                    .usePlaintext()
                    .eventLoopGroup(loops)
                    .channelType(NioSocketChannel.class)
                    .directExecutor()
                    .build();
            channels.add(channel);
            Hello hello = Hello.newBuilder()
                    .setWorker("w" + i)
                    .setVersion(version)
                    .setProfile("cpu 1 thread")
                    .setDevice("cpu")
                    .putAddresses("netty", "127.0.0.1:" + (10_000 + i))
                    .putAddresses("eventbus", "w" + i)
                    .build();
            LightWorker worker = new LightWorker(channel, hello, timer, tally);
            timer.schedule(worker::attend, (long) i * APART_MS, TimeUnit.MILLISECONDS);
        }
        return channels;
    }

    /** Waits until every worker that a running job can have trains. */
    private void await() {
        int all = load.workers / load.running * load.running;
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (training.get() < all) {
            if (System.nanoTime() > deadline) {
                throw new IllegalStateException(
                        "%d of %d workers train, %d streams have ended".formatted(training.get(), all, failed.get()));
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
        }
    }

    private static void pause(int seconds) {
        LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(seconds));
    }

    /** Asks the coordinator's thread again and again, as heartbeats come to it, and has the answers' delays. */
    private Samples probe() {
        Samples answers = new Samples();
        JobRequest asked = JobRequest.newBuilder().setId("j0").build();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(load.seconds);
        while (System.nanoTime() < end) {
            long begun = System.nanoTime();
            client.ask(jobs -> jobs.get(asked));
            answers.add(System.nanoTime() - begun);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(PROBE_MS));
        }
        return answers;
    }

    private void print(double seconds, double cpu, Samples answers, Ticks ticks) throws IOException {
        System.out.printf(
                Locale.ROOT,
                "{\"what\":\"coordinator\",\"workers\":%d,\"running\":%d,\"queued\":%d,\"step ms\":%d,\"seconds\":%.0f,"
                        + "\"cores\":%.2f,\"answer ms p50\":%.1f,\"p99\":%.1f,\"worst\":%.1f,"
                        + "\"acknowledged ms p50\":%.0f,\"p99 of commits\":%.0f,\"of\":%d,"
                        + "\"tick ms mean\":%.2f,\"ticks a second\":%.1f,\"resident MiB\":%d,\"streams ended\":%d}%n",
                load.workers,
                load.running,
                load.queued,
                load.stepMs,
                seconds,
                cpu / seconds,
                answers.ms(0.5),
                answers.ms(0.99),
                answers.ms(1),
                acknowledged.ms(0.5),
                acknowledged.ms(0.99),
                acknowledged.count(),
                1e3 * ticks.seconds / Math.max(1, ticks.count),
                ticks.count / seconds,
                residentMiB(),
                failed.get());
    }

    private double cpuSeconds() {
        return ProcessHandle.of(processes.pid(Processes.COORDINATOR))
                        .flatMap(process -> process.info().totalCpuDuration())
                        .orElseThrow()
                        .toMillis()
                / 1e3;
    }

    private long residentMiB() throws IOException {
        Path status = Path.of("/proc/" + processes.pid(Processes.COORDINATOR) + "/status");
        return Files.readAllLines(status).stream()
                        .filter(line -> line.startsWith("VmRSS:"))
                        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                        .findFirst()
                        .orElseThrow()
                / 1024;
    }

    /**
     * The coordinator's rounds, as its metrics have them.
     *
     * @param seconds that all of them took
     */
    private record Ticks(double count, double seconds) {
        static Ticks scrape(int port) throws IOException, InterruptedException {
            HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/metrics"))
                    .build();
            String text = HttpClient.newHttpClient()
                    .send(request, HttpResponse.BodyHandlers.ofString())
                    .body();
            return new Ticks(value(text, "simreg_tick_seconds_count"), value(text, "simreg_tick_seconds_sum"));
        }

        private static double value(String text, String name) {
            return text.lines()
                    .filter(line -> line.startsWith(name + " "))
                    .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
                    .findFirst()
                    .orElseThrow();
        }

        Ticks minus(Ticks before) {
            return new Ticks(count - before.count, seconds - before.seconds);
        }
    }

    /** Times in nanoseconds. */
    private static final class Samples {
        private final List<Long> all = new ArrayList<>();

        synchronized void add(long nanos) {
            all.add(nanos);
        }

        synchronized void clear() {
            all.clear();
        }

        synchronized int count() {
            return all.size();
        }

        /** A quantile in milliseconds; NaN without samples. */
        synchronized double ms(double quantile) {
            if (all.isEmpty()) {
                return Double.NaN;
            }
            long[] sorted = all.stream().mapToLong(Long::longValue).sorted().toArray();
            return sorted[(int) Math.min(sorted.length - 1, quantile * sorted.length)] / 1e6;
        }
    }
}
