package org.simreg.coordinator.control;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
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
                .setTeachers(session.hello().getTeachers())
                .setState(state(session))
                .setSinceMs(session.since())
                .setSilentMs(Math.max(0, now - session.heard()))
                .setReason(reason);
        session.run().ifPresent(run -> place(session, run, status));
        return status.build();
    }

    /**
     * Why idle workers are not used by the jobs that are active, as of a moment. Jobs that nobody has failed at are asked
     * together where they need the same.
     */
    static final class Objections {
        /** Jobs that a reason names. */
        private static final int NAMED = 3;

        private final List<JobRun> hurt = new ArrayList<>();
        private final Map<List<String>, List<JobRun>> needs = new LinkedHashMap<>();
        private final Map<WorkerSession, String> known = new HashMap<>();

        Objections(List<JobRun> active) {
            for (JobRun run : active) {
                if (run.failures().objected(run.now()).isEmpty()) {
                    List<String> need = List.of(JobController.transport(run), JobController.profile(run));
                    needs.computeIfAbsent(need, key -> new ArrayList<>()).add(run);
                } else {
                    hurt.add(run);
                }
            }
        }

        /** Of one worker; empty if nothing is against it, or it isn't idle. */
        String of(WorkerSession session) {
            return session.run().isPresent() ? "" : known.computeIfAbsent(session, this::idle);
        }

        private String idle(WorkerSession session) {
            if (!session.hello().getLeftOut().isEmpty()) {
                return session.hello().getLeftOut();
            }
            Stream<JobRun> same = needs.values().stream()
                    .filter(those -> session.objection(those.get(0)).isPresent())
                    .flatMap(List::stream);
            Map<String, String> reasons = new TreeMap<>();
            Stream.concat(same, hurt.stream())
                    .forEach(run -> session.objection(run).ifPresent(why -> reasons.put(run.id(), why)));
            String named = reasons.entrySet().stream()
                    .limit(NAMED)
                    .map(entry -> entry.getKey() + ": " + entry.getValue())
                    .collect(Collectors.joining("; "));
            int more = reasons.size() - NAMED;
            return more > 0 ? named + "; and " + more + " more" : named;
        }
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
        if (!session.hello().getLeftOut().isEmpty()) {
            return WorkerStatus.State.BROKEN;
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
