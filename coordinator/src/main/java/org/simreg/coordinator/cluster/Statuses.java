package org.simreg.coordinator.cluster;

import org.simreg.coordinator.job.LedgerHead;
import org.simreg.coordinator.schedule.Stand;
import org.simreg.proto.Generation;
import org.simreg.proto.JobRecord;
import org.simreg.proto.JobState;
import org.simreg.proto.JobStatus;
import org.simreg.proto.WorkerStatus;

/** Jobs and workers as clients see them. */
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

    /**
     * @param reason why it isn't used; empty if nothing stands in its way
     */
    static WorkerStatus of(Attendant one, String reason, long now) {
        WorkerStatus.Builder status =
                WorkerStatus.newBuilder()
                        .setWorker(one.name())
                        .setDevice(one.hello().getDevice())
                        .setProfile(one.hello().getProfile())
                        .putAllAddresses(one.hello().getAddressesMap())
                        .setBankBytes(one.hello().getBankBytes())
                        .setState(state(one))
                        .setSinceMs(one.attends())
                        .setSilentMs(Math.max(0, now - one.heard()))
                        .setReason(reason);
        one.run().ifPresent(run -> place(one, run, status));
        return status.build();
    }

    private static void place(Attendant one, Run run, WorkerStatus.Builder status) {
        status.setJob(run.id());
        if (one.trains()) {
            run.record().getGeneration().getMembersList().stream()
                    .filter(member -> member.getWorker().equals(one.name()))
                    .forEach(
                            member ->
                                    status.setFirst(member.getFirst()).setCount(member.getCount()));
        }
    }

    private static WorkerStatus.State state(Attendant one) {
        if (one.leaving()) {
            return WorkerStatus.State.LEAVING;
        }
        if (one.run().isEmpty()) {
            return WorkerStatus.State.IDLE;
        }
        if (one.stand() instanceof Stand.Preparing) {
            return WorkerStatus.State.PREPARING;
        }
        return one.trains() ? WorkerStatus.State.TRAINING : WorkerStatus.State.READY;
    }
}
