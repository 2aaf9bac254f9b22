package org.simreg.coordinator.control;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.simreg.coordinator.job.JobWatch;
import org.simreg.proto.Job;
import org.simreg.proto.JobEvent;
import org.simreg.proto.JobSettings;
import org.simreg.proto.JobState;
import org.simreg.proto.JobStatus;
import org.simreg.proto.ListRequest;
import org.simreg.proto.ListResponse;
import org.simreg.proto.ListWorkersResponse;
import org.simreg.proto.Progress;
import org.simreg.proto.Refused;
import org.simreg.proto.StepDone;
import org.simreg.proto.SubmitRequest;
import org.simreg.proto.UserError;
import org.simreg.proto.WorkerStatus;

/**
 * A fake job service whose jobs nobody trains: tests say what happens to them. Called on one thread
 * only, which it checks.
 */
public final class FakeJobService implements JobService {
    private final Map<String, JobStatus> jobs = new LinkedHashMap<>();
    private final Map<String, List<JobEvent>> events = new LinkedHashMap<>();
    public final List<Follower> followers = new ArrayList<>();
    public int submits;
    public SubmitRequest last;
    private String busy = "";

    /** What touching a job's paths does; on threads of their own. */
    public volatile Runnable touching = () -> {};

    private Thread owner;

    @Override
    public void touch(Job job, String folder) {
        touching.run();
    }

    /** A watch: what was sent, and whether it waits. */
    public final class Follower implements AutoCloseable {
        final String job;
        private final JobWatch.Watcher watcher;
        private long next;
        public boolean waits;
        public boolean closed;

        Follower(String job, long from, JobWatch.Watcher watcher) {
            this.job = job;
            this.watcher = watcher;
            next = from;
            watcher.whenReady(this::pump);
        }

        void pump() {
            checkThread();
            waits = false;
            List<JobEvent> all = events.get(job);
            while (!waits && !closed && next < all.size()) {
                waits = !watcher.event(all.get((int) next++));
            }
            if (!waits && next == all.size() && ended(jobs.get(job).getState())) {
                watcher.ended();
                closed = true;
            }
        }

        public long sent() {
            return next;
        }

        @Override
        public void close() {
            checkThread();
            closed = true;
        }
    }

    @Override
    public <T> CompletionStage<T> whenOpen(String id, Supplier<T> work) {
        checkThread();
        return CompletableFuture.completedFuture(work.get());
    }

    @Override
    public CompletionStage<JobStatus> submit(SubmitRequest request) {
        return CompletableFuture.completedFuture(submitted(request));
    }

    /** Queues a job. */
    public JobStatus submitted(SubmitRequest request) {
        checkThread();
        submits++;
        last = request;
        for (JobStatus known : jobs.values()) {
            if (!request.getRequestId().isEmpty() && known.getRequestId().equals(request.getRequestId())) {
                return known;
            }
        }
        Job job = JobSettings.complete(request.getJob());
        if (job.getCheckpoints().getOutput().endsWith("taken")) {
            throw new Refused(Refused.Kind.EXISTS, "The run folder taken is not empty");
        }
        JobStatus status = JobStatus.newBuilder()
                .setId("job-" + (jobs.size() + 1))
                .setRequestId(request.getRequestId())
                .setJob(job)
                .setFolder(job.getCheckpoints().getOutput())
                .setReason("needs 1 worker, none attends")
                .setSubmittedMs(1_790_000_000_000L)
                .build();
        jobs.put(status.getId(), status);
        events.put(status.getId(), new ArrayList<>());
        return status;
    }

    @Override
    public JobStatus get(String id) {
        checkThread();
        if (id.equals("bug")) {
            throw new IllegalStateException("the table is upside down");
        }
        if (id.equals("later")) {
            throw new Refused(Refused.Kind.UNAVAILABLE, "The coordinator is still starting");
        }
        if (id.equals("unwritable")) {
            throw new UserError("The run folder r can't be written");
        }
        if (id.equals("damaged")) {
            throw new Refused(Refused.Kind.DAMAGED, "The ledger of damaged is torn");
        }
        if (!jobs.containsKey(id)) {
            throw new Refused(Refused.Kind.UNKNOWN, "There is no job " + id);
        }
        return jobs.get(id).toBuilder().setNextSequence(events.get(id).size()).build();
    }

    @Override
    public ListResponse list(ListRequest request) {
        checkThread();
        int from = request.getPageToken().isEmpty() ? 0 : Integer.parseInt(request.getPageToken());
        int size = request.getPageSize() == 0 ? 100 : request.getPageSize();
        List<JobStatus> wanted = jobs.values().stream()
                .filter(j -> request.getStatesCount() == 0 || isIn(request, j))
                .toList();
        int to = Math.min(wanted.size(), from + size);
        ListResponse.Builder page = ListResponse.newBuilder();
        wanted.subList(from, to).forEach(page::addJobs);
        return page.setNextPageToken(to < wanted.size() ? "" + to : "").build();
    }

    private static boolean isIn(ListRequest request, JobStatus job) {
        return request.getStatesList().contains(job.getState());
    }

    @Override
    public JobStatus cancel(String id) {
        return move(id, JobState.CANCELLED);
    }

    @Override
    public JobStatus pause(String id) {
        return move(id, JobState.PAUSED);
    }

    @Override
    public JobStatus resume(String id) {
        return move(id, JobState.QUEUED);
    }

    @Override
    public JobStatus prioritize(String id, int priority) {
        JobStatus changed = get(id).toBuilder().setPriority(priority).build();
        jobs.put(id, changed);
        return changed;
    }

    /** The job trains: a move is only noted. */
    public void hesitate(String id) {
        become(id, JobState.RUNNING, "trains");
        busy = id;
    }

    private JobStatus move(String id, JobState state) {
        JobStatus job = get(id);
        if (id.equals(busy)) {
            return job;
        }
        if (job.getState() == state || job.getState() == JobState.SUCCEEDED) {
            throw new Refused(Refused.Kind.STATE, "The job " + id + " is " + job.getState() + " already");
        }
        become(id, state, "asked for by a client");
        return jobs.get(id);
    }

    @Override
    public ListWorkersResponse workers() {
        checkThread();
        return ListWorkersResponse.newBuilder()
                .addWorkers(WorkerStatus.newBuilder()
                        .setWorker("w1")
                        .setDevice("cpu")
                        .setState(WorkerStatus.State.TRAINING)
                        .setJob("job-1")
                        .setFirst(0)
                        .setCount(4))
                .build();
    }

    @Override
    public AutoCloseable watch(String id, long from, JobWatch.Watcher watcher) {
        get(id);
        Follower follower = new Follower(id, from, watcher);
        followers.add(follower);
        follower.pump();
        return follower;
    }

    /** Steps are committed, numbered from the last. */
    public void train(String id, int steps) {
        say(id, steps, (event, step) -> event.setStep(StepDone.newBuilder().setStep(step)));
    }

    /** The job's state changes, which is an event too. */
    public void become(String id, JobState state, String reason) {
        jobs.computeIfPresent(
                id,
                (k, job) -> job.toBuilder().setState(state).setReason(reason).build());
        say(id, 1, (event, n) -> {
            event.getStateBuilder().setState(state).setReason(reason);
            return event;
        });
    }

    public void say(String id, int times, BiFunction<Progress.Builder, Long, Progress.Builder> event) {
        checkThread();
        List<JobEvent> all = events.get(id);
        for (int i = 0; i < times; i++) {
            Progress.Builder one = Progress.newBuilder().setTimeMs(1_790_000_000_000L + all.size());
            Progress said = event.apply(one, all.size() + 1L).build();
            all.add(JobEvent.newBuilder()
                    .setSequence(all.size())
                    .setProgress(said)
                    .build());
        }
        followers.stream().filter(f -> !f.closed && !f.waits).forEach(Follower::pump);
    }

    /** Whether every client that watched has gone. */
    public boolean unwatched() {
        checkThread();
        return followers.stream().allMatch(follower -> follower.closed);
    }

    /** Events that the watcher who got fewest was sent. */
    public long leastSent() {
        checkThread();
        return followers.stream().mapToLong(Follower::sent).min().orElseThrow();
    }

    /** Another coordinator's thread owns it from its next use on. */
    public void handOver() {
        followers.clear();
        owner = null;
    }

    private static boolean ended(JobState state) {
        return state == JobState.SUCCEEDED || state == JobState.CANCELLED || state == JobState.FAILED;
    }

    private void checkThread() {
        owner = owner == null ? Thread.currentThread() : owner;
        if (owner != Thread.currentThread()) {
            throw new AssertionError("the service belongs to " + owner + ", not to this thread");
        }
    }
}
