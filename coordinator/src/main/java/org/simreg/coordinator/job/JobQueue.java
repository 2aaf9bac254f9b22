package org.simreg.coordinator.job;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.simreg.proto.Generation;
import org.simreg.proto.Job;
import org.simreg.proto.JobRecord;
import org.simreg.proto.JobSettings;
import org.simreg.proto.JobState;
import org.simreg.proto.Progress;
import org.simreg.proto.Refused;
import org.simreg.proto.StateChanged;
import org.simreg.proto.SubmitRequest;

/** The queue of a coordinator: all its jobs, ended ones too, and the rules for a new one. */
public final class JobQueue {
    private static final int LARGEST_JOB = 16 << 10;

    /** Jobs of one millisecond are in the order of their ids. */
    private static final Comparator<JobRun> NEWEST_FIRST =
            Comparator.comparing((JobRun run) -> -run.record().getSubmittedMs()).thenComparing(JobRun::id);

    private final CoordinatorSettings settings;
    private final JobStore store;
    private final RunFiles.JobFolders folders;
    private final Map<String, JobRun> runs = new LinkedHashMap<>();

    /** No two jobs have one time of submission, nor a later job an earlier one. */
    private long newest;

    public JobQueue(CoordinatorSettings settings, JobStore store, RunFiles.JobFolders folders) {
        this.settings = settings;
        this.store = store;
        this.folders = folders;
    }

    /** Takes over what the store has. */
    public Collection<JobRun> load() {
        for (JobRecord record : store.load()) {
            runs.put(record.getId(), new JobRun(settings, store, folders, record));
            newest = Math.max(newest, record.getSubmittedMs());
        }
        return runs.values();
    }

    public Collection<JobRun> all() {
        return runs.values();
    }

    public List<JobRun> active() {
        return runs.values().stream().filter(JobRun::active).toList();
    }

    public Optional<JobRun> find(String id) {
        return Optional.ofNullable(runs.get(id));
    }

    /**
     * @throws Refused if there is no such job
     */
    public JobRun get(String id) {
        return find(id).orElseThrow(() -> new Refused(
                Refused.Kind.UNKNOWN, "There is no job %s; list them to see which there are".formatted(id)));
    }

    /** Queues a job, or finds the one that the same request has made. */
    public JobRun submit(SubmitRequest request) {
        if (!request.getRequestId().isEmpty()) {
            for (JobRun run : runs.values()) {
                if (run.record().getRequestId().equals(request.getRequestId())) {
                    return run;
                }
            }
        }
        Job job = JobSettings.complete(request.getJob());
        refuseLarge(job);
        Path folder = settings.base()
                .resolve(job.getCheckpoints().getOutput())
                .toAbsolutePath()
                .normalize();
        settings.limits().roots().check(job, folder);
        refuseTaken(folder.toString());
        refuseTooMany();
        JobRecord record = record(request, job, folder.toString());
        if (request.getExisting() != SubmitRequest.Existing.OVERWRITE || mayOverwrite(request, record.getFolder())) {
            return queue(record, request.getExisting());
        }
        try {
            return queue(record, SubmitRequest.Existing.REFUSE);
        } catch (Refused e) {
            if (e.kind() != Refused.Kind.EXISTS) {
                throw e;
            }
            throw new Refused(
                    Refused.Kind.FORBIDDEN,
                    "The folder %s holds what %s has not submitted: to overwrite it takes a token with the role operate; choose another folder with --out"
                            .formatted(folder, request.getSubmitter().getName()));
        }
    }

    /** Operators may delete what a folder holds, and so may whoever submitted its last run. */
    private boolean mayOverwrite(SubmitRequest request, String folder) {
        return !request.hasSubmitter()
                || request.getSubmitter().getOperates()
                || newest().stream()
                        .filter(run -> run.record().getFolder().equals(folder))
                        .findFirst()
                        .filter(run -> run.record()
                                .getSubmitter()
                                .equals(request.getSubmitter().getName()))
                        .isPresent();
    }

    private JobRecord record(SubmitRequest request, Job job, String folder) {
        long now = Math.max(settings.clock().getAsLong(), newest + 1);
        newest = now;
        return JobRecord.newBuilder()
                .setId(freeId(job.getName()))
                .setVersion(1)
                .setRequestId(request.getRequestId())
                .setJob(job)
                .setSubmitter(request.getSubmitter().getName())
                .setState(JobState.QUEUED)
                .setReason("waits for its turn")
                .setSubmittedMs(now)
                .setQueuedMs(now)
                .setFolder(folder)
                .build();
    }

    private JobRun queue(JobRecord asked, SubmitRequest.Existing existing) {
        RunFiles files = folders.create(asked, existing);
        JobRecord record = after(asked, files.head().generation());
        JobRun run = new JobRun(settings, store, folders, record);
        run.files(files);
        try {
            store.save(record);
            runs.put(record.getId(), run);
            run.emit(Progress.newBuilder()
                    .setState(
                            StateChanged.newBuilder().setState(JobState.QUEUED).setReason(record.getReason())));
            return run;
        } catch (RuntimeException e) {
            runs.remove(record.getId());
            run.close();
            throw e;
        }
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
        if (active().size() >= most) {
            throw new Refused(
                    Refused.Kind.FULL,
                    "The queue holds %d jobs that have not ended, as many as --max-queue allows; submit again when one has ended, or cancel one"
                            .formatted(most));
        }
    }

    /** Refuses a run folder that another job writes to. */
    public void refuseTaken(String folder) {
        for (JobRun run : runs.values()) {
            if (!run.ended() && run.record().getFolder().equals(folder)) {
                throw new Refused(
                        Refused.Kind.EXISTS,
                        "The run folder %s belongs to the job %s, which has not ended: choose another by checkpoints.output, or cancel that job"
                                .formatted(folder, run.id()));
            }
        }
    }

    private String freeId(String name) {
        String id = name;
        for (int i = 2; runs.containsKey(id); i++) {
            id = name + "-" + i;
        }
        return id;
    }

    /** All jobs, newest first. */
    public List<JobRun> newest() {
        List<JobRun> newest = new ArrayList<>(runs.values());
        newest.sort(NEWEST_FIRST);
        return newest;
    }
}
