package org.simreg.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.Inet6Address;
import java.net.NetworkInterface;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.SortedMap;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.cli.Command;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.coordinator.node.SmallJob;
import org.simreg.coordinator.run.audit.Audit;
import org.simreg.proto.Job;
import org.simreg.proto.JobState;
import org.simreg.proto.Network;
import org.simreg.proto.Optimization;
import org.simreg.proto.Reduction;
import org.simreg.proto.SubmitRequest;

/** Processes on nodes as clouds have them: of IPv6 alone, and of those that give 15 s. */
@Tag("processes")
@EnabledIfSystemProperty(named = "simreg.test.kills", matches = "\\d+")
@Timeout(3600)
class NodesProcessTest {
    private static final int KILLS = Integer.getInteger("simreg.test.kills", 0);
    private static final int STEPS = 7 * KILLS / 2;
    private static final double STEP_SECONDS = 8;

    /** The second is near the size that is wanted. */
    private static final int PROBES = 2;

    private static final Duration NODE = Duration.ofSeconds(15);
    private static final Duration LEAVES = Duration.ofSeconds(12);

    @TempDir(cleanup = CleanupMode.ON_SUCCESS)
    Path folder;

    private Job job(String name, int steps) throws Exception {
        Path data = folder.resolve("data");
        Path teacher = folder.resolve("teacher.safetensors");
        Path student = folder.resolve("student.pt");
        if (!Files.exists(data)) {
            SmallJob.pictures(data);
            SmallJob.teacher(teacher);
            SmallJob.student(student);
        }
        Job.Builder job = SmallJob.of(name, data.toString(), teacher.toString(), student.toString(), steps).toBuilder();
        job.getCheckpointsBuilder().setOutput(folder.resolve("runs/" + name).toString());
        job.getPlacementBuilder().setMinWorkers(1);
        return job.build();
    }

    private static String submit(ApiClient client, Job job) {
        return client.ask(jobs ->
                        jobs.submit(SubmitRequest.newBuilder().setJob(job).build()))
                .getId();
    }

    private SortedMap<Integer, String> ended(ApiClient client, Job job) throws Exception {
        try (Follower events = new Follower(client, submit(client, job))) {
            events.state(JobState.SUCCEEDED);
        }
        return RunSteps.of(Path.of(job.getCheckpoints().getOutput()));
    }

    @Test
    void threeProcessesOfIpv6AloneTrainByBothTransports() throws Exception {
        Assumptions.assumeTrue(
                NetworkInterface.networkInterfaces()
                        .flatMap(NetworkInterface::inetAddresses)
                        .anyMatch(address -> address instanceof Inet6Address && address.isLoopbackAddress()),
                "Skipped: this machine has no ::1");
        try (Processes processes = new Processes(folder, List.of("w0", "w1"), Command.compilation())) {
            for (String name : List.of(Processes.COORDINATOR, "w0", "w1")) {
                processes.place(name, new Processes.Place("::1", List.of()));
            }
            processes.coordinator();
            processes.worker("w0");
            processes.worker("w1");
            try (ApiClient client = processes.client()) {
                List<SortedMap<Integer, String>> found = new ArrayList<>();
                for (Reduction.Transport transport : List.of(Reduction.Transport.NETTY, Reduction.Transport.EVENTBUS)) {
                    String name = transport.name().toLowerCase(Locale.ROOT);
                    Job.Builder job = job(name, 6).toBuilder();
                    job.getPlacementBuilder().setMinWorkers(2);
                    job.getReduceBuilder().setTransport(transport);
                    found.add(ended(client, job.build()));
                }
                assertEquals(6, found.get(0).size());
                assertEquals(found.get(0), found.get(1));
            }
        }
    }

    @Test
    void workersOfNodesThatGoAfterFifteenSecondsLoseNothingOfLongStepsAndEvaluations() throws Exception {
        Random random = new Random(15);
        try (Processes processes = new Processes(folder, List.of("w0", "w1"), Command.compilation())) {
            processes.workerOptions("--leave-within=" + LEAVES.toSeconds());
            processes.coordinator();
            processes.worker("w0");
            processes.worker("w1");
            try (ApiClient client = processes.client()) {
                int size = sizeOfLongSteps(client);
                Job undisturbed = slow("undisturbed", STEPS, size);
                SortedMap<Integer, String> expected = ended(client, undisturbed);
                Job job = slow("drained", STEPS, size);
                List<Duration> took = new ArrayList<>();
                try (Follower events = new Follower(client, submit(client, job))) {
                    for (int kill = 0; kill < KILLS; kill++) {
                        events.workers(2);
                        LockSupport.parkNanos((long) (random.nextDouble() * STEP_SECONDS * 1e9));
                        String name = "w" + random.nextInt(2);
                        took.add(processes.leave(name, NODE));
                        processes.worker(name);
                    }
                    events.state(JobState.SUCCEEDED);
                }
                System.out.println("Drained in " + took + ", views of " + size + " px");
                assertEquals(expected, RunSteps.of(Path.of(job.getCheckpoints().getOutput())));
                assertEquals(
                        List.of(),
                        Audit.of(Path.of(job.getCheckpoints().getOutput())).violations());
                took.forEach(one -> assertTrue(one.compareTo(LEAVES) < 0, "drained in " + took));
            }
        }
    }

    private Job slow(String name, int steps, int size) throws Exception {
        Job.Builder job = job(name, steps).toBuilder();
        job.getStudentBuilder().clearModule().setNetwork(Network.RESNET18);
        job.getViewsBuilder().setSize(size);
        job.getOptimizationBuilder()
                .setBatch(40)
                .setMicroBatches(8)
                .setOptimizer(Optimization.Optimizer.SGD)
                .clearEmaDecay();
        job.getEvaluationBuilder().setEveryEpochs(6);
        return job.build();
    }

    /** The size of views of which a step takes some eight seconds on two workers of this machine, as busy as it is. */
    private int sizeOfLongSteps(ApiClient client) throws Exception {
        int size = 96;
        for (int probe = 0; probe < PROBES; probe++) {
            double seconds = secondsOfAStep(client, "probe-" + probe, size);
            System.out.printf(Locale.ROOT, "Steps of %d px take %.2f s%n", size, seconds);
            size = Math.max(32, (int) Math.round(size * Math.sqrt(STEP_SECONDS / seconds) / 32) * 32);
        }
        return size;
    }

    /** The longest of some. */
    private double secondsOfAStep(ApiClient client, String name, int size) throws Exception {
        Job.Builder probe = slow(name, 4, size).toBuilder();
        probe.getPlacementBuilder().setMinWorkers(2);
        double longest = 0;
        try (Follower events = new Follower(client, submit(client, probe.build()))) {
            for (int step = 2; step <= 4; step++) {
                longest =
                        Math.max(longest, events.step(step).progress().getStep().getSeconds());
            }
            events.state(JobState.SUCCEEDED);
        }
        return longest;
    }
}
