package org.simreg.coordinator.cluster;

import org.simreg.coordinator.job.LedgerHead;
import org.simreg.proto.Generation;
import org.simreg.proto.JobRecord;
import org.simreg.proto.JobState;
import org.simreg.proto.JobStatus;

/** The messages that tell clients of jobs. */
final class Statuses {
    private Statuses() {}

    static JobStatus of(Run run) {
        JobRecord record = run.record();
        JobStatus.Builder status =
                JobStatus.newBuilder()
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

    private static JobStatus live(Run run, JobStatus.Builder status) {
        LedgerHead head = run.files().head();
        if (run.advance().checkpoint() >= 0) {
            status.setCheckpoint(run.advance().checkpoint());
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
}
