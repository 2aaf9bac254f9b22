package org.simreg.coordinator.control;

import org.simreg.coordinator.job.JobRun;
import org.simreg.coordinator.job.schedule.WorkerState;
import org.simreg.proto.WorkerStatus;

/** The messages that tell clients of workers. */
final class WorkerStatuses {
    private WorkerStatuses() {}

    /**
     * @param reason why it isn't used; empty if nothing stands in its way
     */
    static WorkerStatus of(WorkerSession one, String reason, long now) {
        WorkerStatus.Builder status =
                WorkerStatus.newBuilder()
                        .setWorker(one.name())
                        .setDevice(one.hello().getDevice())
                        .setProfile(one.hello().getProfile())
                        .putAllAddresses(one.hello().getAddressesMap())
                        .setBankBytes(one.hello().getBankBytes())
                        .setState(state(one))
                        .setSinceMs(one.since())
                        .setSilentMs(Math.max(0, now - one.heard()))
                        .setReason(reason);
        one.run().ifPresent(run -> place(one, run, status));
        return status.build();
    }

    private static void place(WorkerSession one, JobRun run, WorkerStatus.Builder status) {
        status.setJob(run.id());
        if (one.trains()) {
            run.record().getGeneration().getMembersList().stream()
                    .filter(member -> member.getWorker().equals(one.name()))
                    .forEach(
                            member ->
                                    status.setFirst(member.getFirst()).setCount(member.getCount()));
        }
    }

    private static WorkerStatus.State state(WorkerSession one) {
        if (one.leaving()) {
            return WorkerStatus.State.LEAVING;
        }
        if (one.run().isEmpty()) {
            return WorkerStatus.State.IDLE;
        }
        if (one.state() instanceof WorkerState.Preparing) {
            return WorkerStatus.State.PREPARING;
        }
        return one.trains() ? WorkerStatus.State.TRAINING : WorkerStatus.State.READY;
    }
}
