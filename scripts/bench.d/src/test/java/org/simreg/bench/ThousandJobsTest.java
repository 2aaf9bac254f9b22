package org.simreg.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.stub.StreamObserver;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.coordinator.grpc.client.JobFinder;
import org.simreg.proto.Job;
import org.simreg.proto.JobStatus;
import org.simreg.proto.JobsGrpc;
import org.simreg.proto.SubmitRequest;

/** A thousand jobs submitted at once to a coordinator that is killed meanwhile. */
@Tag("processes")
@Timeout(240)
class ThousandJobsTest {
    private static final int JOBS = 1000;
    private static final int BEFORE_THE_KILL = 400;

    @TempDir(cleanup = CleanupMode.ON_SUCCESS)
    Path folder;

    private SubmitRequest request(int number) {
        Job.Builder job = Job.newBuilder().setName("j" + number);
        job.getDatasetBuilder().addPath("/data");
        job.addTeachersBuilder().setSource("/t.pt");
        job.getCheckpointsBuilder().setOutput(folder.resolve("runs/j" + number).toString());
        return SubmitRequest.newBuilder().setJob(job).setRequestId("r" + number).build();
    }

    @Test
    void aThousandAtOnceAreAllThereInOrderAfterTheCoordinatorWasKilledMeanwhile() throws Exception {
        try (Processes processes = new Processes(folder, List.of(), List.of("-XX:TieredStopAtLevel=1"))) {
            processes.coordinator();
            List<String> before;
            try (ApiClient client = processes.client()) {
                JobFinder.newest(client, List.of(), Integer.MAX_VALUE);
                CountDownLatch answers = new CountDownLatch(BEFORE_THE_KILL);
                Map<String, Long> answered = submitAll(client, answers);
                assertTrue(answers.await(120, TimeUnit.SECONDS), answered.size() + " answers");
                processes.killCoordinator();
                before = new ArrayList<>(answered.keySet());
                before.sort(Comparator.comparing(answered::get));
            }
            processes.coordinator();
            try (ApiClient client = processes.client()) {
                List<String> kept = oldestFirst(client);
                assertTrue(kept.containsAll(before), "an answered job is lost");
                List<String> known = new ArrayList<>(kept);
                known.retainAll(new HashSet<>(before));
                assertEquals(before, known);
                // The same requests again: nobody knows which were answered.
                CountDownLatch answers = new CountDownLatch(JOBS);
                submitAll(client, answers);
                assertTrue(answers.await(120, TimeUnit.SECONDS), answers.getCount() + " to come");
                List<String> all = oldestFirst(client);
                assertEquals(JOBS, all.size());
                assertEquals(JOBS, new HashSet<>(all).size());
                assertEquals(kept, all.subList(0, kept.size()));
            }
        }
    }

    private static List<String> oldestFirst(ApiClient client) {
        List<String> ids = new ArrayList<>();
        JobFinder.newest(client, List.of(), Integer.MAX_VALUE).forEach(job -> ids.add(job.getId()));
        Collections.reverse(ids);
        return ids;
    }

    /** Times of submission by id, of those that are answered. */
    private Map<String, Long> submitAll(ApiClient client, CountDownLatch answers) {
        Map<String, Long> answered = new ConcurrentHashMap<>();
        for (int i = 0; i < JOBS; i++) {
            JobsGrpc.newStub(client.channel()).submit(request(i), new StreamObserver<>() {
                @Override
                public void onNext(JobStatus status) {
                    answered.put(status.getId(), status.getSubmittedMs());
                    answers.countDown();
                }

                @Override
                public void onError(Throwable killed) {
                    assertTrue(answers.getCount() < JOBS, killed.toString());
                }

                @Override
                public void onCompleted() {}
            });
        }
        return answered;
    }
}
