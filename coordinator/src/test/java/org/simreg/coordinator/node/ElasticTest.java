package org.simreg.coordinator.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.run.audit.Audit;
import org.simreg.proto.GetScaleRequest;
import org.simreg.proto.Job;
import org.simreg.proto.JobSettings;
import org.simreg.proto.JobState;
import org.simreg.proto.JobStatus;
import org.simreg.proto.ListWorkersRequest;
import org.simreg.proto.WorkerStatus;
import org.simreg.proto.keda.ExternalScalerGrpc;
import org.simreg.proto.keda.IsActiveResponse;
import org.simreg.proto.keda.ScaledObjectRef;

/** Workers that are started and stopped by nothing but the scaler's numbers. */
@Timeout(300)
class ElasticTest {
    private static final Duration DEADLINE = Duration.ofSeconds(180);

    @TempDir
    Path folder;

    private final Vertx vertx = VertxInstances.alone();
    private final CountDownLatch narrowed = new CountDownLatch(1);

    /** Whether both jobs are known. */
    private volatile boolean submitted;

    private final Map<String, ToyWorker> workers = new TreeMap<>();
    private final List<Integer> numbers = new ArrayList<>();
    private ToyCluster cluster;
    private int started;

    @BeforeEach
    void aCoordinator() {
        cluster = new ToyCluster(folder, vertx);
    }

    @AfterEach
    void close() {
        narrowed.countDown();
        cluster.close();
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }

    private Job job(String name, int microBatches) {
        Job.Builder job = Job.newBuilder().setName(name).setSeed(microBatches);
        job.getDatasetBuilder().addPath("pictures");
        job.addTeachersBuilder().setSource("self");
        job.getOptimizationBuilder().setEpochs(3).setBatch(12).setMicroBatches(microBatches);
        job.getCheckpointsBuilder().setOutput(folder.resolve(name).toString());
        // It waits for all whom it asked for.
        job.getPlacementBuilder().setMinWorkers(microBatches);
        return JobSettings.complete(job.build());
    }

    /**
     * The job of one worker goes on once it is known that the others have gone. On a machine so busy that a worker of the
     * other job was taken for lost, it must not keep one that the other needs.
     */
    private void await(ToyWorker worker, ToyJob.Point point, long step) {
        boolean there = point == ToyJob.Point.COMMITTED && step == 4;
        if (there
                && submitted
                && cluster.status("narrow").getState() == JobState.RUNNING
                && cluster.status("wide").getState() == JobState.SUCCEEDED) {
            try {
                assertTrue(narrowed.await(180, TimeUnit.SECONDS));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Starts or stops workers until there are as many as are wanted; idle ones go first. */
    private int obey() {
        int wanted = cluster.client()
                .askScale(scale -> scale.get(GetScaleRequest.getDefaultInstance()))
                .getWanted();
        if (numbers.isEmpty() || numbers.get(numbers.size() - 1) != wanted) {
            numbers.add(wanted);
        }
        while (workers.size() < wanted) {
            String name = "w" + started++;
            workers.put(name, cluster.worker(name, this::await));
        }
        while (workers.size() > wanted) {
            workers.remove(idle()).leave().join();
        }
        return wanted;
    }

    private String idle() {
        List<WorkerStatus> all = cluster.client()
                .ask(jobs -> jobs.listWorkers(ListWorkersRequest.getDefaultInstance()))
                .getWorkersList();
        return all.stream()
                .filter(worker -> workers.containsKey(worker.getWorker()))
                .min(Comparator.comparing(WorkerStatus::getState))
                .orElseThrow()
                .getWorker();
    }

    private void until(BooleanSupplier so) {
        long end = System.nanoTime() + DEADLINE.toNanos();
        while (!so.getAsBoolean()) {
            assertTrue(System.nanoTime() < end, () -> "numbers so far " + numbers + ", " + cluster.status("wide"));
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
    }

    private void ended(Job job) {
        JobStatus end = cluster.status(job.getName());
        assertEquals(JobState.SUCCEEDED, end.getState(), end.getReason());
        assertEquals(ToyJob.expected(job), end.getSha256());
        assertEquals(List.of(), Audit.of(folder.resolve(job.getName())).violations());
    }

    private boolean is(String job, JobState state) {
        obey();
        return cluster.status(job).getState() == state;
    }

    @Test
    void fromNoneToThreeToOneToNoneAndTheResultsAreThoseOfOneWorker() {
        Iterator<IsActiveResponse> active = ExternalScalerGrpc.newBlockingStub(
                        cluster.client().channel())
                .streamIsActive(ScaledObjectRef.getDefaultInstance());
        assertFalse(active.next().getResult());
        assertEquals(0, obey());
        Job wide = job("wide", 3);
        Job narrow = job("narrow", 1);
        cluster.submit(wide);
        assertTrue(active.next().getResult(), "before any worker is there");
        until(() -> is("wide", JobState.RUNNING));
        cluster.submit(narrow);
        submitted = true;
        until(() -> is("wide", JobState.SUCCEEDED));
        until(() -> is("narrow", JobState.RUNNING));
        until(() -> obey() == 1);
        assertEquals(1, workers.size());
        narrowed.countDown();
        until(() -> is("narrow", JobState.SUCCEEDED));
        until(() -> obey() == 0);
        assertFalse(active.next().getResult());
        assertEquals(List.of(0, 3, 1, 0), numbers);
        assertEquals(3, started, "nobody was started for nothing");
        ended(wide);
        ended(narrow);
    }
}
