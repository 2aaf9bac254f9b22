package org.simreg.coordinator.control;

import org.simreg.coordinator.job.JobRun;
import org.simreg.coordinator.job.schedule.WorkerState;
import org.simreg.proto.WorkerStatus;

/** The status messages of workers, for clients. */
final class WorkerStatuses {
    private WorkerStatuses() {}

    /**
     * @param reason why it isn't used; empty if nothing stands in its way
     */
    static WorkerStatus of(WorkerSession session, String reason, long now) {
        WorkerStatus.Builder status = WorkerStatus.newBuilder()
                .setWorker(session.name())
                .setDevice(session.hello().getDevice())
                .setProfile(session.hello().getProfile())
                .putAllAddresses(session.hello().getAddressesMap())
                .setBankBytes(session.hello().getBankBytes())
                .setState(state(session))
                .setSinceMs(session.since())
                .setSilentMs(Math.max(0, now - session.heard()))
                .setReason(reason);
        session.run().ifPresent(run -> place(session, run, status));
        return status.build();
    }

    private static void place(WorkerSession session, JobRun run, WorkerStatus.Builder status) {
        status.setJob(run.id());
        if (session.trains()) {
            run.record().getGeneration().getMembersList().stream()
                    .filter(member -> member.getWorker().equals(session.name()))
                    .forEach(member -> status.setFirst(member.getFirst()).setCount(member.getCount()));
        }
    }

    private static WorkerStatus.State state(WorkerSession session) {
        if (session.leaving()) {
            return WorkerStatus.State.LEAVING;
        }
        if (session.run().isEmpty()) {
            return WorkerStatus.State.IDLE;
        }
        if (session.state() instanceof WorkerState.Preparing) {
            return WorkerStatus.State.PREPARING;
        }
        if (session.helps()) {
            return WorkerStatus.State.HELPING;
        }
        return session.trains() ? WorkerStatus.State.TRAINING : WorkerStatus.State.READY;
    }
}
