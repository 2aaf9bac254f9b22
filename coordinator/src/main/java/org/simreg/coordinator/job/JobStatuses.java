package org.simreg.coordinator.job;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
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

    private JobStatuses() {}

    public static JobStatus of(JobRun run) {
        JobRecord record = run.record();
        JobStatus.Builder status = JobStatus.newBuilder()
                .setId(record.getId())
                .setRequestId(record.getRequestId())
                .setJob(record.getJob())
                .setState(record.getState())
                .setReason(run.reason())
                .setSubmittedMs(record.getSubmittedMs())
                .setEndedMs(record.getEndedMs())
                .setGeneration(record.getGeneration().getNumber())
                .setTotalSteps(record.getStarted().getTotalSteps())
                .setSha256(record.getSha256())
                .setFolder(record.getFolder())
                .setRefused(record.getRefused());
        if (record.getState() == JobState.RUNNING) {
            record.getGeneration().getMembersList().stream()
                    .map(Generation.Member::getWorker)
                    .forEach(status::addWorkers);
        }
        return run.active() ? live(run, status) : past(record.getSummary(), status);
    }

    private static JobStatus live(JobRun run, JobStatus.Builder status) {
        RunFiles.LedgerHead head = run.files().head();
        if (run.ledger().checkpoint() >= 0) {
            status.setCheckpoint(run.ledger().checkpoint());
        }
        return status.setStep(head.step())
                .setEpoch(head.epoch())
                .setLoss(head.loss())
                .setNextSequence(run.files().nextSequence())
                .build();
    }

    private static JobStatus past(JobRecord.Summary summary, JobStatus.Builder status) {
        if (summary.hasCheckpoint()) {
            status.setCheckpoint(summary.getCheckpoint());
        }
        return status.setStep(summary.getStep())
                .setEpoch(summary.getEpoch())
                .setLoss(summary.getLoss())
                .setNextSequence(summary.getNextSequence())
                .build();
    }

    /**
     * A page of a list of jobs. Its token names its last job, so that new jobs shift nothing.
     *
     * @param runs newest first
     * @throws Refused if the token is none of ours
     */
    public static ListResponse page(List<JobRun> runs, ListRequest request) {
        int asked = request.getPageSize();
        int size = asked <= 0 ? USUAL_PAGE : Math.min(asked, LARGEST_PAGE);
        List<JobRun> wanted = new ArrayList<>();
        for (JobRun run : runs) {
            boolean any = request.getStatesCount() == 0;
            if ((any || request.getStatesList().contains(run.record().getState()))
                    && after(request.getPageToken(), run)) {
                wanted.add(run);
            }
        }
        ListResponse.Builder page = ListResponse.newBuilder();
        wanted.stream().limit(size).map(JobStatuses::of).forEach(page::addJobs);
        if (wanted.size() > size) {
            page.setNextPageToken(token(wanted.get(size - 1)));
        }
        return page.build();
    }

    private static String token(JobRun run) {
        String place = run.record().getSubmittedMs() + " " + run.id();
        return Base64.getUrlEncoder().encodeToString(place.getBytes(StandardCharsets.UTF_8));
    }

    private static boolean after(String token, JobRun run) {
        if (token.isEmpty()) {
            return true;
        }
        try {
            byte[] bytes = Base64.getUrlDecoder().decode(token);
            String[] place = new String(bytes, StandardCharsets.UTF_8).split(" ", 2);
            long submitted = Long.parseLong(place[0]);
            long own = run.record().getSubmittedMs();
            return own < submitted || own == submitted && run.id().compareTo(place[1]) > 0;
        } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
            throw new Refused(
                    Refused.Kind.INVALID,
                    "The page token \"%s\" is none that a list gave; leave it out to begin anew".formatted(token));
        }
    }
}
