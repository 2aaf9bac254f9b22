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
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.cli.Command;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.coordinator.grpc.client.JobFinder;
import org.simreg.proto.Job;
import org.simreg.proto.JobStatus;
import org.simreg.proto.JobsGrpc;
import org.simreg.proto.SubmitRequest;

/** Many jobs submitted at once to a coordinator that is killed meanwhile. */
@Tag("processes")
@Timeout(240)
class ManyJobsTest {
    private static final int JOBS = Integer.getInteger("simreg.test.jobs", 200);
    private static final int BEFORE_THE_KILL = JOBS * 2 / 5;

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
    @EnabledIfSystemProperty(named = "simreg.test.jobs", matches = "\\d+")
    void allAreThereInOrderAfterTheCoordinatorWasKilledMeanwhile() throws Exception {
        try (Processes processes = new Processes(folder, List.of(), Command.compilation())) {
            processes.coordinator();
            List<String> before;
            try (ApiClient client = processes.client()) {
                JobFinder.newest(client, List.of(), Integer.MAX_VALUE);
                Answers answers = new Answers(BEFORE_THE_KILL);
                submitAll(client, answers);
                answers.await();
                processes.killCoordinator();
                before = new ArrayList<>(answers.submitted.keySet());
                before.sort(Comparator.comparing(answers.submitted::get));
            }
            processes.coordinator();
            try (ApiClient client = processes.client()) {
                List<String> kept = oldestFirst(client);
                assertTrue(kept.containsAll(before), "an answered job is lost");
                List<String> known = new ArrayList<>(kept);
                known.retainAll(new HashSet<>(before));
                assertEquals(before, known);
                // The same requests again: nobody knows which were answered.
                Answers answers = new Answers(JOBS);
                submitAll(client, answers);
                answers.await();
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

    private void submitAll(ApiClient client, Answers answers) {
        for (int i = 0; i < JOBS; i++) {
            submit(client, request(i), answers);
        }
    }

    private static void submit(ApiClient client, SubmitRequest request, Answers answers) {
        JobsGrpc.newStub(client.channel()).submit(request, new StreamObserver<>() {
            @Override
            public void onNext(JobStatus status) {
                answers.submitted.put(status.getId(), status.getSubmittedMs());
                answers.wanted.countDown();
            }

            @Override
            public void onError(Throwable failure) {
                // What a disk that is slow for a moment refuses is submitted again, as its message says.
                String why = String.valueOf(failure.getMessage());
                if (why.contains("does not answer")) {
                    submit(client, request, answers);
                } else {
                    answers.refused.put(request.getRequestId(), why);
                }
            }

            @Override
            public void onCompleted() {}
        });
    }

    /** The answers to many submits: times of submission by id, and why others were refused. */
    private static final class Answers {
        private final Map<String, Long> submitted = new ConcurrentHashMap<>();
        private final Map<String, String> refused = new ConcurrentHashMap<>();
        private final CountDownLatch wanted;

        /**
         * @param wanted how many are waited for
         */
        Answers(int wanted) {
            this.wanted = new CountDownLatch(wanted);
        }

        void await() throws InterruptedException {
            assertTrue(
                    wanted.await(120, TimeUnit.SECONDS),
                    () -> "%d answers are to come; refused: %s".formatted(wanted.getCount(), refused));
        }
    }
}
