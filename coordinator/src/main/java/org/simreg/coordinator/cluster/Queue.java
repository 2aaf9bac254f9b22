package org.simreg.coordinator.cluster;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.simreg.coordinator.job.JobFiles;
import org.simreg.coordinator.job.JobFolders;
import org.simreg.coordinator.job.JobStore;
import org.simreg.proto.Generation;
import org.simreg.proto.Job;
import org.simreg.proto.JobRecord;
import org.simreg.proto.JobSettings;
import org.simreg.proto.JobState;
import org.simreg.proto.Progress;
import org.simreg.proto.Refused;
import org.simreg.proto.StateChanged;
import org.simreg.proto.SubmitRequest;

/** All jobs of a coordinator, those of the past too, and the rules for a new one. */
final class Queue {
    private static final int LARGEST_JOB = 16 << 10;

    /** Jobs of one millisecond are in the order of their ids. */
    private static final Comparator<Run> NEWEST_FIRST =
            Comparator.comparing((Run run) -> -run.record().getSubmittedMs())
                    .thenComparing(Run::id);

    private final Setup setup;
    private final JobStore store;
    private final JobFolders folders;
    private final Map<String, Run> runs = new LinkedHashMap<>();

    /** No two jobs have one time of submission, nor a later job an earlier one. */
    private long newest;

    Queue(Setup setup, JobStore store, JobFolders folders) {
        this.setup = setup;
        this.store = store;
        this.folders = folders;
    }

    /** Takes over what the store has. */
    Collection<Run> load() {
        for (JobRecord record : store.load()) {
            runs.put(record.getId(), new Run(setup, store, folders, record));
            newest = Math.max(newest, record.getSubmittedMs());
        }
        return runs.values();
    }

    Collection<Run> all() {
        return runs.values();
    }

    List<Run> active() {
        return runs.values().stream().filter(Run::active).toList();
    }

    Optional<Run> find(String id) {
        return Optional.ofNullable(runs.get(id));
    }

    /**
     * @throws Refused if there is no such job
     */
    Run get(String id) {
        return find(id).orElseThrow(
                        () ->
                                new Refused(
                                        Refused.Kind.UNKNOWN,
                                        "There is no job %s; list them to see which there are"
                                                .formatted(id)));
    }

    /** Queues a job, or finds the one that the same request has made. */
    Run submit(SubmitRequest request) {
        if (!request.getRequestId().isEmpty()) {
            for (Run run : runs.values()) {
                if (run.record().getRequestId().equals(request.getRequestId())) {
                    return run;
                }
            }
        }
        Job job = JobSettings.complete(request.getJob());
        refuseLarge(job);
        Path folder =
                setup.base().resolve(job.getCheckpoints().getOutput()).toAbsolutePath().normalize();
        setup.limits().roots().check(job, folder);
        refuseTaken(folder.toString());
        refuseTooMany();
        return queue(record(request, job, folder.toString()), request.getExisting());
    }

    private JobRecord record(SubmitRequest request, Job job, String folder) {
        long now = Math.max(setup.clock().getAsLong(), newest + 1);
        newest = now;
        return JobRecord.newBuilder()
                .setId(freeId(job.getName()))
                .setVersion(1)
                .setRequestId(request.getRequestId())
                .setJob(job)
                .setState(JobState.QUEUED)
                .setReason("waits for its turn")
                .setSubmittedMs(now)
                .setQueuedMs(now)
                .setFolder(folder)
                .build();
    }

    private Run queue(JobRecord asked, SubmitRequest.Existing existing) {
        JobFiles files = folders.create(asked, existing);
        JobRecord record = after(asked, files.head().generation());
        Run run = new Run(setup, store, folders, record);
        run.files(files);
        try {
            store.save(record);
            runs.put(record.getId(), run);
            run.emit(
                    Progress.newBuilder()
                            .setState(
                                    StateChanged.newBuilder()
                                            .setState(JobState.QUEUED)
                                            .setReason(record.getReason())));
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

    /** One more would be too many. */
    void refuseTooMany() {
        int most = setup.limits().queue();
        if (active().size() >= most) {
            throw new Refused(
                    Refused.Kind.FULL,
                    "The queue holds %d jobs that have not ended, as many as --max-queue allows; submit again when one has ended, or cancel one"
                            .formatted(most));
        }
    }

    /** Two jobs in one folder would write each other's files. */
    void refuseTaken(String folder) {
        for (Run run : runs.values()) {
            boolean rests = run.ended();
            if (!rests && run.record().getFolder().equals(folder)) {
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

    /** Newest first. */
    List<Run> newest() {
        List<Run> newest = new ArrayList<>(runs.values());
        newest.sort(NEWEST_FIRST);
        return newest;
    }
}
