package org.simreg.coordinator.control;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import org.simreg.coordinator.job.CoordinatorSettings;
import org.simreg.coordinator.job.JobQueue;
import org.simreg.coordinator.job.JobRun;
import org.simreg.coordinator.job.JobStatuses;
import org.simreg.coordinator.job.JobStore;
import org.simreg.coordinator.job.JobWatch;
import org.simreg.coordinator.job.RunFiles;
import org.simreg.coordinator.job.RunFiles.Download;
import org.simreg.coordinator.job.RunFiles.Upload;
import org.simreg.coordinator.job.schedule.Demand;
import org.simreg.coordinator.job.schedule.JobTransitions;
import org.simreg.coordinator.job.schedule.JobTransitions.Transition;
import org.simreg.coordinator.job.schedule.Phase;
import org.simreg.proto.CheckpointHeader;
import org.simreg.proto.Hello;
import org.simreg.proto.Job;
import org.simreg.proto.JobRecord;
import org.simreg.proto.JobState;
import org.simreg.proto.JobStatus;
import org.simreg.proto.ListRequest;
import org.simreg.proto.ListResponse;
import org.simreg.proto.ListWorkersResponse;
import org.simreg.proto.Progress;
import org.simreg.proto.Refused;
import org.simreg.proto.StateChanged;
import org.simreg.proto.SubmitRequest;
import org.simreg.proto.UserError;
import org.simreg.proto.WorkerStatus;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The coordinator of all jobs and workers: it holds their whole state and alone begins generations, each a fixed set
 * of workers that trains a job until one comes or goes. All its methods are called on one thread, {@code
 * simreg-coordinator}, an {@code OwnerVerticle} that {@code CoordinatorServices} makes; it does nothing by itself but
 * what {@link #tick} makes it do.
 *
 * <p>After a worker of a running job was killed:
 *
 * <ol>
 * <li>{@code WorkerStream} sees its stream break and calls {@code WorkerService.In.lost}; or nothing is heard of it
 * for {@code lostAfter} milliseconds. {@link WorkerSessions} removes its session.
 *   <li>{@link Dispatcher} hands the remaining workers to the jobs ({@code Allotment}) and has
 *       {@link JobController} carry out what {@code JobScheduler} decides on each job. Here that is
 *       {@code Stop}, for a member is missing: {@code Halt} goes to the survivors, and the job's
 *       {@code Phase} is {@code Halting}.
 * <li>Each survivor's {@code GenerationRun} abandons the step under way, on {@code Halt} or sooner because its link
 * to the lost one broke, and answers {@code Halted} with its last committed step; {@link ReportHandler} marks its
 * state as halted.
 * <li>When all have halted the decision is {@code Begin} (or, if the survivors are too few or hold less than the ledger,
 * {@code AwaitWorkers} first: the lost ones may come back in time): {@code JobScheduler} takes the highest step that a
 * survivor holds, or else the newest checkpoint's; {@code GenerationPlanner} shares out the micro-batches and says where each
 * member gets the state. {@code JobController} brings the ledger to that step ({@code LedgerWriter}), saves the
 * record and sends {@code Begin}.
 * <li>On each member {@code JobRunner} starts a {@code GenerationRun}: {@code StateTransfer} gets the state, and the
 * training loop takes the next step. Its {@code Committed} reports go by {@code ReportHandler} to {@code
 * LedgerWriter}, which appends the step to the ledger once all members have reported it, and {@link Dispatcher} has
 * the ledger made durable before a member hears that it may forget its report.
 * </ol>
 *
 * <p>Steps 2 and 4 and every call of {@code LedgerWriter} happen on the coordinator's thread; its lines reach the disk
 * as {@link RunFiles} says.
 */
public final class Coordinator implements JobService, WorkerService, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Coordinator.class);

    private final CoordinatorSettings settings;
    private final JobQueue queue;
    private final WorkerRegistry registry = new WorkerRegistry();
    private final JobGuard guard;
    private final JobController controller;
    private final Dispatcher dispatcher;
    private final WorkerSessions sessions;
    private final List<Consumer<List<WorkerStatus>>> listeners = new ArrayList<>();
    private Seen seen = new Seen(List.of(), List.of());

    /** The demands and workers that listeners were told last. */
    private record Seen(List<Demand> demands, List<WorkerStatus> workers) {}

    /**
     * @param store keeps the records; closed by the caller
     * @param folders makes and opens run folders
     */
    public Coordinator(CoordinatorSettings settings, JobStore store, RunFiles.JobFolders folders) {
        this.settings = settings;
        this.queue = new JobQueue(settings, store, folders);
        this.guard = new JobGuard(registry, settings.executor());
        this.controller =
                new JobController(settings, registry, guard, new JobFinisher(settings.executor(), registry, guard));
        this.dispatcher = new Dispatcher(queue, registry, controller, guard);
        this.sessions = new WorkerSessions(
                settings, queue, registry, new ReportHandler(registry, guard, controller), dispatcher);
    }

    /**
     * Takes over the jobs of the past. Those that were running wait a while for their workers.
     *
     * @throws UserError if the store can't be read
     */
    public void start() {
        queue.whenAnswering(this::answers);
        queue.whenQueued(run -> guard.with(run, () -> sayQueued(run)));
        Map<JobRun, CompletableFuture<RunFiles>> opening = new LinkedHashMap<>();
        for (JobRun run : queue.load()) {
            if (run.record().getState() == JobState.RUNNING) {
                run.phase(new Phase.Training(
                        settings.clock().getAsLong() + settings.times().grace()));
            }
            if (run.active()) {
                opening.put(run, run.open().toCompletableFuture());
            }
        }
        JobGuard.awaitMost(opening.values());
        opening.forEach((run, files) -> {
            if (files.isDone()) {
                guard.opened(run, files, () -> {});
            } else {
                goOnWhenOpen(run, files, () -> {});
            }
        });
    }

    /** The files of a job have not answered, and do now; or there may be room for them by now. */
    private void answers(JobRun run) {
        if (run.active()) {
            // Whether there is room now is only known when something was written.
            Optional<String> waited = run.stall().lacked()
                    ? Optional.empty()
                    : Optional.of(run.stall().waited());
            goOnWhenOpen(run, run.open().toCompletableFuture(), () -> {
                boolean runs = run.record().getState() == JobState.RUNNING;
                long now = run.now();
                run.phase(runs ? new Phase.Training(now + settings.times().grace()) : new Phase.Idle(now, false));
                sayQueued(run);
                waited.ifPresent(run::notice);
            });
        } else {
            run.stall().end();
            run.pumpWatches();
        }
    }

    private static void sayQueued(JobRun run) {
        JobRecord record = run.record();
        if (record.getState() == JobState.QUEUED) {
            run.emit(Progress.newBuilder()
                    .setState(
                            StateChanged.newBuilder().setState(JobState.QUEUED).setReason(record.getReason())));
        }
    }

    /** What its workers have reported meanwhile was not taken: they attend again. */
    private void goOnWhenOpen(JobRun run, CompletableFuture<RunFiles> opening, Runnable then) {
        run.stall().begin("waits for its run folder " + run.record().getFolder() + " to be opened");
        opening.whenCompleteAsync(
                (files, failure) -> {
                    guard.opened(run, opening, then);
                    if (run.stall().able()) {
                        sessions.again(run);
                    }
                    dispatcher.dispatch();
                },
                settings.executor());
    }

    /** Time has passed; to be called about every 100 ms. */
    public void tick() {
        long begun = System.nanoTime();
        fenced(sessions::tick);
        fenced(dispatcher::tick);
        List<JobRun> active = queue.active();
        active.forEach(run -> fenced(() -> guard.tick(run)));
        fenced(() -> dispatcher.acknowledge(active, settings.clock().getAsLong()));
        fenced(queue::forgetEnded);
        fenced(this::tellIfChanged);
        fenced(() -> settings.observer().ticked(System.nanoTime() - begun));
    }

    /** Whatever one part of a tick throws, the others come. */
    private static void fenced(Runnable part) {
        try {
            part.run();
        } catch (RuntimeException | Error e) {
            LOG.error("A part of the coordinator's work failed; the rest goes on", e);
        }
    }

    /**
     * Adds a listener.
     *
     * @param listener takes all workers, by name and without how long they are silent, whenever one
     *     of them or the jobs' demand for them has changed; called on the coordinator's thread
     */
    public void whenChanged(Consumer<List<WorkerStatus>> listener) {
        listeners.add(listener);
    }

    private void tellIfChanged() {
        if (listeners.isEmpty()) {
            return;
        }
        List<WorkerStatus> workers = statuses(WorkerSession::heard);
        Seen now = new Seen(dispatcher.demands(), workers);
        if (!now.equals(seen)) {
            seen = now;
            listeners.forEach(listener -> fenced(() -> listener.accept(workers)));
        }
    }

    @Override
    public CompletionStage<JobStatus> submit(SubmitRequest request) {
        return queue.submit(request).thenApply(run -> {
            dispatcher.dispatch();
            tellIfChanged();
            return JobStatuses.of(run);
        });
    }

    @Override
    public <T> CompletionStage<T> whenOpen(String id, Supplier<T> work) {
        JobRun run = queue.get(id);
        if (!run.settled()) {
            return run.opened().thenCompose(open -> whenOpen(id, work));
        }
        try {
            return CompletableFuture.completedFuture(work.get());
        } finally {
            run.release();
        }
    }

    @Override
    public void touch(Job job, String folder) {
        queue.touch(job, folder);
    }

    @Override
    public JobStatus get(String id) {
        return JobStatuses.of(queue.get(id));
    }

    @Override
    public ListResponse list(ListRequest request) {
        return queue.page(request);
    }

    @Override
    public JobStatus cancel(String id) {
        return ask(id, Transition.CANCEL, JobState.CANCELLED);
    }

    @Override
    public JobStatus pause(String id) {
        return ask(id, Transition.PAUSE, JobState.PAUSED);
    }

    /** What was asked is kept before it is done: it outlives the coordinator. */
    private JobStatus ask(String id, Transition transition, JobState intent) {
        JobRun run = queue.get(id);
        JobTransitions.check(run.record(), transition);
        if (!run.stall().able()) {
            guard.endStalled(run, intent, intent == JobState.PAUSED ? "paused" : "cancelled");
            tellIfChanged();
            return JobStatuses.of(run);
        }
        if (run.finishing()) {
            throw new Refused(
                    Refused.Kind.STATE,
                    "All steps of the job %s are done and its exports are being written; wait for its end"
                            .formatted(id));
        }
        if (run.record().getState() == JobState.PAUSED) {
            run.announce(JobState.CANCELLED, "cancelled while it was paused");
            run.become(JobState.CANCELLED, "cancelled while it was paused");
        } else {
            run.save(run.record().toBuilder().setIntent(intent));
            dispatcher.dispatch();
        }
        tellIfChanged();
        return JobStatuses.of(run);
    }

    @Override
    public JobStatus resume(String id) {
        JobRun run = queue.get(id);
        JobRecord record = run.record();
        JobTransitions.check(record, Transition.RESUME);
        if (run.ended()) {
            queue.refuseTaken(record.getFolder());
            queue.refuseTooMany();
        }
        run.files();
        run.failures().reset();
        if (record.getRefused()) {
            run.save(record.toBuilder().setRefused(false));
        }
        run.announce(JobState.QUEUED, "waits for its turn");
        run.become(JobState.QUEUED, "waits for its turn");
        dispatcher.dispatch();
        tellIfChanged();
        return JobStatuses.of(run);
    }

    @Override
    public JobStatus prioritize(String id, int priority) {
        JobRun run = queue.get(id);
        run.save(JobTransitions.prioritized(run.record(), priority));
        dispatcher.dispatch();
        tellIfChanged();
        return JobStatuses.of(run);
    }

    @Override
    public ListWorkersResponse workers() {
        long now = settings.clock().getAsLong();
        return ListWorkersResponse.newBuilder()
                .addAllWorkers(statuses(session -> now))
                .build();
    }

    private List<WorkerStatus> statuses(ToLongFunction<WorkerSession> now) {
        Function<WorkerSession, String> objections = dispatcher.objections();
        return registry.all().stream()
                .map(session -> WorkerStatuses.of(session, objections.apply(session), now.applyAsLong(session)))
                .toList();
    }

    @Override
    public AutoCloseable watch(String id, long from, JobWatch.Watcher watcher) {
        JobRun run = queue.get(id);
        JobWatch watch = new JobWatch(run, from, watcher, settings.executor());
        run.addWatch(watch);
        try {
            watch.pump();
        } catch (RuntimeException e) {
            watch.close();
            throw e;
        }
        return watch::close;
    }

    @Override
    public In attend(Hello hello, Out orders) {
        return sessions.attend(hello, orders, this::tellIfChanged);
    }

    @Override
    public Upload put(CheckpointHeader header) {
        JobRun run = queue.get(header.getJob());
        return new CheckpointUpload(run, header, guard, settings);
    }

    @Override
    public CompletionStage<Download> checkpoint(String job, long step) {
        return whenOpen(job, () -> queue.get(job).files().checkpoint(step));
    }

    /** How many jobs are in which state; states that no job is in are left out. */
    public Map<JobState, Long> states() {
        return queue.states();
    }

    /** Jobs that are queued or run; safe for all threads. */
    public List<Job> active() {
        return queue.activeJobs();
    }

    /** What the jobs that train or want to would take if there were workers of every kind. */
    public List<Demand> demands() {
        return dispatcher.demands();
    }

    /** How many workers attend, don't leave, and can be members. */
    public int attending() {
        return (int) registry.all().stream()
                .filter(session -> !session.leaving() && !session.helpsOnly())
                .count();
    }

    /** Releases the folders; workers go on and wait for the next coordinator. */
    @Override
    public void close() {
        queue.close();
        queue.all().forEach(run -> fenced(run::close));
    }
}
