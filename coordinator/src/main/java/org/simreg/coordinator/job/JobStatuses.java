package org.simreg.coordinator.job;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.simreg.coordinator.job.JobStore.PastJobs;
import org.simreg.coordinator.job.JobStore.PastJobs.Place;
import org.simreg.proto.Generation;
import org.simreg.proto.JobRecord;
import org.simreg.proto.JobState;
import org.simreg.proto.JobStatus;
import org.simreg.proto.ListRequest;
import org.simreg.proto.ListResponse;
import org.simreg.proto.Refused;

/** The status messages of jobs, for clients. */
public final class JobStatuses {
    private static final int USUAL_PAGE = 100;
    private static final int LARGEST_PAGE = 1000;
    private static final Set<JobState> ENDED = EnumSet.of(JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED);

    private JobStatuses() {}

    public static JobStatus of(JobRun run) {
        JobStatus.Builder status = begun(run.record(), run.reason());
        if (run.active() && run.openFiles().isPresent()) {
            try {
                return live(run, run.openFiles().get(), status);
            } catch (RuntimeException | Error e) {
                if (run.failures().untoldFirst()) {
                    EventTrace.LOG.error("How far the job {} is can't be told", run.id(), e);
                }
            }
        }
        JobRecord.Summary known = run.record().getSummary();
        return past(run.active() ? run.stall().head().orElse(known) : known, status);
    }

    /** The status of a job that is not active. */
    private static JobStatus of(JobRecord record) {
        return past(record.getSummary(), begun(record, record.getReason()));
    }

    private static JobStatus.Builder begun(JobRecord record, String reason) {
        JobStatus.Builder status = JobStatus.newBuilder()
                .setId(record.getId())
                .setRequestId(record.getRequestId())
                .setJob(record.getJob())
                .setState(record.getState())
                .setReason(reason)
                .setSubmittedMs(record.getSubmittedMs())
                .setEndedMs(record.getEndedMs())
                .setGeneration(record.getGeneration().getNumber())
                .setTotalSteps(record.getStarted().getTotalSteps())
                .setSha256(record.getSha256())
                .setFolder(record.getFolder())
                .setRefused(record.getRefused())
                .setPriority(priority(record));
        if (record.getState() == JobState.RUNNING) {
            record.getGeneration().getMembersList().stream()
                    .map(Generation.Member::getWorker)
                    .forEach(status::addWorkers);
        }
        return status;
    }

    /** The priority of a job now. */
    public static int priority(JobRecord record) {
        return record.hasPriority()
                ? record.getPriority()
                : record.getJob().getPlacement().getPriority();
    }

    private static JobStatus live(JobRun run, RunFiles files, JobStatus.Builder status) {
        RunFiles.LedgerHead head = files.head();
        run.openLedger().ifPresent(ledger -> {
            if (ledger.checkpoint() >= 0) {
                status.setCheckpoint(ledger.checkpoint());
            }
            ledger.ranking().best().ifPresent(status::setBest);
        });
        status.addAllHelpers(run.help().shares());
        return status.setStep(head.step())
                .setEpoch(head.epoch())
                .setLoss(head.loss())
                .setNextSequence(files.nextSequence())
                .build();
    }

    private static JobStatus past(JobRecord.Summary summary, JobStatus.Builder status) {
        if (summary.hasCheckpoint()) {
            status.setCheckpoint(summary.getCheckpoint());
        }
        if (summary.hasBest()) {
            status.setBest(summary.getBest());
        }
        return status.setStep(summary.getStep())
                .setEpoch(summary.getEpoch())
                .setLoss(summary.getLoss())
                .setNextSequence(summary.getNextSequence())
                .build();
    }

    /**
     * A page of the list of jobs. Its token names its last job, so that new jobs shift nothing.
     *
     * @param runs those in memory, by id
     * @param past those that have ended, if they are kept apart
     * @throws Refused if the token is none of ours
     */
    static ListResponse page(Map<String, JobRun> runs, Optional<PastJobs> past, ListRequest request) {
        int asked = request.getPageSize();
        int size = asked <= 0 ? USUAL_PAGE : Math.min(asked, LARGEST_PAGE);
        Place before = place(request.getPageToken());
        Set<JobState> states = Set.copyOf(request.getStatesList());
        TreeMap<Place, Supplier<JobStatus>> wanted = new TreeMap<>();
        int ended = 0;
        for (JobRun run : runs.values()) {
            ended += run.ended() ? 1 : 0;
            Place place = Place.of(run.record());
            if ((states.isEmpty() || states.contains(run.record().getState())) && place.compareTo(before) > 0) {
                wanted.put(place, () -> of(run));
            }
        }
        if (past.isPresent() && (states.isEmpty() || states.stream().anyMatch(ENDED::contains))) {
            for (JobRecord record : past.get().newest(before, states, size + 1 + ended)) {
                if (!runs.containsKey(record.getId())) {
                    wanted.put(Place.of(record), () -> of(record));
                }
            }
        }
        ListResponse.Builder page = ListResponse.newBuilder();
        wanted.values().stream().limit(size).map(Supplier::get).forEach(page::addJobs);
        if (wanted.size() > size) {
            Place last = wanted.keySet().stream().skip(size - 1L).findFirst().orElseThrow();
            page.setNextPageToken(token(last));
        }
        return page.build();
    }

    /** The token of the page of the list that begins after a job. */
    public static String pageToken(JobStatus last) {
        return token(new Place(last.getSubmittedMs(), last.getId()));
    }

    private static String token(Place place) {
        String text = place.submittedMs() + " " + place.id();
        return Base64.getUrlEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    private static Place place(String token) {
        if (token.isEmpty()) {
            return Place.FIRST;
        }
        try {
            byte[] bytes = Base64.getUrlDecoder().decode(token);
            String[] place = new String(bytes, StandardCharsets.UTF_8).split(" ", 2);
            return new Place(Long.parseLong(place[0]), place[1]);
        } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
            throw new Refused(
                    Refused.Kind.INVALID,
                    "The page token \"%s\" is none that a list gave; leave it out to begin anew".formatted(token));
        }
    }
}
