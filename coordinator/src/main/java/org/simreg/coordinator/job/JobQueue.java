package org.simreg.coordinator.job;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.simreg.coordinator.job.JobStore.PastJobs;
import org.simreg.proto.Generation;
import org.simreg.proto.Job;
import org.simreg.proto.JobRecord;
import org.simreg.proto.JobSettings;
import org.simreg.proto.JobState;
import org.simreg.proto.ListRequest;
import org.simreg.proto.ListResponse;
import org.simreg.proto.Refused;
import org.simreg.proto.SubmitRequest;
import org.simreg.proto.UserError;

/** The queue of a coordinator: all its jobs, ended ones too, and the rules for a new one. */
public final class JobQueue implements JobRun.Listener {
    private static final int LARGEST_JOB = 16 << 10;

    /** Ended jobs that stay in memory where a store keeps them apart. */
    private static final int ENDED_IN_MEMORY = 100;

    private final CoordinatorSettings settings;
    private final JobStore store;
    private final RunFiles.JobFolders folders;
    private final Map<String, JobRun> runs = new LinkedHashMap<>();
    private final Map<String, JobRun> active = new LinkedHashMap<>();
    private final Map<String, JobRun> requests = new HashMap<>();

    /** Jobs whose folders are being made, by id. */
    private final Map<String, Creation> creations = new LinkedHashMap<>();

    /** Ended jobs in memory, those asked for last at the end. */
    private final Map<String, JobRun> ended = new LinkedHashMap<>();

    private volatile List<Job> activeJobs = List.of();

    private Consumer<JobRun> answering = run -> {};
    private Consumer<JobRun> queued = run -> {};

    /** No two jobs have one time of submission, nor a later job an earlier one. */
    private long newest;

    /** A job that is there once its folder is. */
    private record Creation(JobRecord record, CompletableFuture<RunFiles> files, CompletableFuture<JobRun> queued) {}

    public JobQueue(CoordinatorSettings settings, JobStore store, RunFiles.JobFolders folders) {
        this.settings = settings;
        this.store = store;
        this.folders = folders;
    }

    /** Takes over what the store has. */
    public Collection<JobRun> load() {
        for (JobRecord record : store.load()) {
            keep(new JobRun(settings, store, folders, this, record));
            newest = Math.max(newest, record.getSubmittedMs());
        }
        store.past().ifPresent(past -> newest = Math.max(newest, past.newestMs()));
        return List.copyOf(runs.values());
    }

    private JobRun keep(JobRun run) {
        runs.put(run.id(), run);
        if (!run.record().getRequestId().isEmpty()) {
            requests.put(run.record().getRequestId(), run);
        }
        moved(run);
        return run;
    }

    /** Takes what is told of new jobs, whose first event is still to be said. */
    public void whenQueued(Consumer<JobRun> told) {
        queued = told;
    }

    /** Takes what is told of jobs whose files have not answered for a while, and do now. */
    public void whenAnswering(Consumer<JobRun> told) {
        answering = told;
    }

    @Override
    public void answers(JobRun run) {
        if (runs.get(run.id()) == run) {
            answering.accept(run);
        }
    }

    @Override
    public void moved(JobRun run) {
        if (runs.get(run.id()) == run) {
            if (place(active, run, run.active())) {
                activeJobs = active.values().stream()
                        .map(one -> one.record().getJob())
                        .toList();
            }
            place(ended, run, run.ended());
        }
    }

    /** Whether that changes anything. */
    private static boolean place(Map<String, JobRun> among, JobRun run, boolean belongs) {
        return belongs ? among.putIfAbsent(run.id(), run) == null : among.remove(run.id()) != null;
    }

    /** Lets go of ended jobs that nobody watches, for as many as there may be in memory. */
    public void forgetEnded() {
        if (ended.size() <= ENDED_IN_MEMORY || store.past().isEmpty()) {
            return;
        }
        PastJobs past = store.past().get();
        List<JobRun> idle = ended.values().stream()
                .filter(run -> !run.watched())
                .limit(ended.size() - ENDED_IN_MEMORY)
                .filter(run -> past.find(run.id()).isPresent())
                .toList();
        for (JobRun run : idle) {
            runs.remove(run.id());
            ended.remove(run.id());
            requests.remove(run.record().getRequestId(), run);
            run.close();
        }
    }

    /** The jobs in memory: all that have not ended, and some that have. */
    public Collection<JobRun> all() {
        return List.copyOf(runs.values());
    }

    /** How many are active. */
    public int count() {
        return active.size();
    }

    public List<JobRun> active() {
        return List.copyOf(active.values());
    }

    /** The settings of the active jobs; safe for all threads, which don't wait. */
    public List<Job> activeJobs() {
        return activeJobs;
    }

    /** How many jobs are in which state; states that no job is in are left out. */
    public Map<JobState, Long> states() {
        Map<JobState, Long> states =
                store.past().map(PastJobs::states).map(HashMap::new).orElseGet(HashMap::new);
        for (JobRun run : runs.values()) {
            if (!run.ended() || !archived(run.id())) {
                states.merge(run.record().getState(), 1L, Long::sum);
            }
        }
        return states;
    }

    private boolean archived(String id) {
        return store.past().flatMap(past -> past.find(id)).isPresent();
    }

    public Optional<JobRun> find(String id) {
        JobRun run = runs.get(id);
        if (run == null) {
            return store.past().flatMap(past -> past.find(id)).map(this::again);
        }
        if (ended.remove(id, run)) {
            ended.put(id, run);
        }
        return Optional.of(run);
    }

    /** Takes an ended job into memory. */
    private JobRun again(JobRecord record) {
        return keep(new JobRun(settings, store, folders, this, record));
    }

    /**
     * @throws Refused if there is no such job
     */
    public JobRun get(String id) {
        return find(id).orElseThrow(() -> new Refused(
                Refused.Kind.UNKNOWN, "There is no job %s; list them to see which there are".formatted(id)));
    }

    private Optional<CompletableFuture<JobRun>> requested(String requestId) {
        if (requestId.isEmpty()) {
            return Optional.empty();
        }
        return Optional.ofNullable(requests.get(requestId))
                .or(() ->
                        store.past().flatMap(past -> past.requested(requestId)).map(record -> get(record.getId())))
                .map(CompletableFuture::completedFuture)
                .or(() -> creations.values().stream()
                        .filter(creation -> creation.record.getRequestId().equals(requestId))
                        .map(Creation::queued)
                        .findFirst());
    }

    /** Queues a job once its folder is made, or finds the one that the same request has made; done on the thread of this. */
    public CompletionStage<JobRun> submit(SubmitRequest request) {
        Optional<CompletableFuture<JobRun>> made = requested(request.getRequestId());
        if (made.isPresent()) {
            return made.get();
        }
        Job job = JobSettings.complete(request.getJob());
        refuseLarge(job);
        Path folder = settings.base()
                .resolve(job.getCheckpoints().getOutput())
                .toAbsolutePath()
                .normalize();
        refuseTaken(folder.toString());
        refuseTooMany();
        JobRecord record = record(request, job, folder.toString());
        if (request.getExisting() != SubmitRequest.Existing.OVERWRITE || mayOverwrite(request, record.getFolder())) {
            return make(record, request.getExisting());
        }
        return make(record, SubmitRequest.Existing.REFUSE).exceptionallyCompose(failure -> {
            if (failure.getCause() instanceof Refused refused && refused.kind() == Refused.Kind.EXISTS) {
                String what =
                        "The folder %s holds what %s has not submitted: to overwrite it takes a token with the role operate; choose another folder with --out";
                String sentence = what.formatted(folder, request.getSubmitter().getName());
                return CompletableFuture.failedFuture(new Refused(Refused.Kind.FORBIDDEN, sentence));
            }
            return CompletableFuture.failedFuture(failure);
        });
    }

    /**
     * Operators may delete what a folder holds, and so may whoever submitted its last run, if that is
     * one of the last ten thousand jobs.
     */
    private boolean mayOverwrite(SubmitRequest request, String folder) {
        if (!request.hasSubmitter() || request.getSubmitter().getOperates()) {
            return true;
        }
        return lastIn(folder)
                .filter(record ->
                        record.getSubmitter().equals(request.getSubmitter().getName()))
                .isPresent();
    }

    private Optional<JobRecord> lastIn(String folder) {
        return runs.values().stream()
                .map(JobRun::record)
                .filter(record -> record.getFolder().equals(folder))
                .min(Comparator.comparing(PastJobs.Place::of))
                .or(() -> store.past().flatMap(past -> past.lastIn(folder)));
    }

    /**
     * Touches the paths that a job names, before it is submitted or resumed. Safe for all threads; waits for as long as the
     * paths' storage does.
     *
     * @throws UserError if one lies outside the roots, or a setting is wrong
     */
    public void touch(Job job, String output) {
        Job complete = JobSettings.complete(job);
        Path folder = settings.base().resolve(output).toAbsolutePath().normalize();
        settings.limits().roots().check(complete, folder);
        Files.exists(folder);
    }

    private JobRecord record(SubmitRequest request, Job job, String folder) {
        newest = Math.max(settings.clock().getAsLong(), newest + 1);
        return JobRecord.newBuilder()
                .setId(JobIds.free(job.getName(), this::taken))
                .setVersion(1)
                .setRequestId(request.getRequestId())
                .setJob(job)
                .setSubmitter(request.getSubmitter().getName())
                .setState(JobState.QUEUED)
                .setReason("waits for its turn")
                .setSubmittedMs(newest)
                .setQueuedMs(newest)
                .setFolder(folder)
                .build();
    }

    /** Paths that were allowed a moment ago may lead elsewhere by now. */
    private CompletionStage<JobRun> make(JobRecord record, SubmitRequest.Existing existing) {
        Runnable check = () -> settings.limits().roots().check(record.getJob(), Path.of(record.getFolder()));
        CompletableFuture<RunFiles> files =
                folders.createLater(record, existing, check).toCompletableFuture();
        if (files.isDone()) {
            return files.thenCompose(made -> queue(record, made));
        }
        CompletableFuture<JobRun> queued = files.handleAsync((made, failure) -> files.join(), settings.executor())
                .thenCompose(made -> queue(record, made));
        creations.put(record.getId(), new Creation(record, files, queued));
        return queued.whenComplete((run, failure) -> creations.remove(record.getId()));
    }

    /** Done on the thread of this. */
    private CompletionStage<JobRun> queue(JobRecord asked, RunFiles files) {
        JobRecord record = after(asked, files.head().generation());
        JobRun run = new JobRun(settings, store, folders, this, record);
        run.files(files);
        CompletableFuture<Void> kept = store.saveLater(record).toCompletableFuture();
        if (kept.isDone()) {
            return kept.handle((done, failure) -> queued(run, kept));
        }
        CompletableFuture<JobRun> queued = kept.handleAsync((done, failure) -> queued(run, kept), settings.executor());
        creations.put(record.getId(), new Creation(record, CompletableFuture.completedFuture(files), queued));
        return queued.whenComplete((there, failure) -> creations.remove(record.getId()));
    }

    private JobRun queued(JobRun run, CompletableFuture<Void> kept) {
        try {
            kept.join();
        } catch (RuntimeException e) {
            run.close();
            throw e;
        }
        // From here on the job is there, whatever its folder does.
        keep(run);
        queued.accept(run);
        return run;
    }

    /** A job that takes over a run gives none of its generations' numbers again. */
    private static JobRecord after(JobRecord record, long generation) {
        return generation == 0
                ? record
                : record.toBuilder()
                        .setGeneration(Generation.newBuilder().setNumber(generation))
                        .build();
    }

    /** A page of a list holds hundreds. */
    private static void refuseLarge(Job job) {
        if (job.getSerializedSize() > LARGEST_JOB) {
            throw new Refused(
                    Refused.Kind.INVALID,
                    "The job has %d bytes; shorten its names and paths to %d bytes at most"
                            .formatted(job.getSerializedSize(), LARGEST_JOB));
        }
    }

    /** Refuses a job if the queue is full. */
    public void refuseTooMany() {
        int most = settings.limits().queue();
        if (active.size() + creations.size() >= most) {
            throw new Refused(
                    Refused.Kind.FULL,
                    "The queue holds %d jobs that have not ended, as many as --max-queue allows; submit again when one has ended, or cancel one"
                            .formatted(most));
        }
    }

    /** Refuses a run folder that another job writes to. */
    public void refuseTaken(String folder) {
        Stream<JobRecord> writing =
                runs.values().stream().filter(run -> !run.ended()).map(JobRun::record);
        Stream<JobRecord> begun = creations.values().stream().map(Creation::record);
        Stream.concat(writing, begun)
                .filter(record -> record.getFolder().equals(folder))
                .findFirst()
                .ifPresent(record -> {
                    throw new Refused(
                            Refused.Kind.EXISTS,
                            "The run folder %s belongs to the job %s, which has not ended: choose another by checkpoints.output, or cancel that job"
                                    .formatted(folder, record.getId()));
                });
    }

    private boolean taken(String id) {
        return runs.containsKey(id) || creations.containsKey(id) || archived(id);
    }

    /** Gives back the folders that are just being made. */
    public void close() {
        creations.values().forEach(creation -> creation.files.thenAccept(RunFiles::close));
    }

    /** A page of the list of all jobs, newest first. */
    public ListResponse page(ListRequest request) {
        return JobStatuses.page(runs, store.past(), request);
    }
}
