package org.simreg.coordinator.control;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.simreg.coordinator.job.JobRun;
import org.simreg.coordinator.job.help.TeacherAssignment;
import org.simreg.coordinator.job.schedule.Phase;
import org.simreg.coordinator.job.schedule.WorkerState;
import org.simreg.proto.Generation;
import org.simreg.proto.Help;
import org.simreg.proto.Job;
import org.simreg.proto.TeacherSource;

/**
 * The sender of the orders to help: has those that only help load their teachers, and whenever a generation's members or
 * the helpers of a job have changed, it tells each of them who the others are. Nothing but time depends on whether an
 * order arrives.
 */
final class Helping {
    private final WorkerRegistry registry;

    Helping(WorkerRegistry registry) {
        this.registry = registry;
    }

    /** Features of a whole step: one a micro-batch and frozen teacher. */
    static int features(Job job) {
        return teachers(job) * job.getOptimization().getMicroBatches();
    }

    /** Frozen teachers of a job. */
    static int teachers(Job job) {
        return (int) job.getTeachersList().stream()
                .filter(teacher -> !(TeacherSource.of(teacher.getSource()) instanceof TeacherSource.Self))
                .count();
    }

    /** Has workers that only help load the teachers that each is to hold. Who can train has told by then what the job is. */
    void prepare(JobRun run) {
        List<WorkerSession> some = run.grant().helpers().stream()
                .flatMap(name -> registry.find(name).stream())
                .filter(session -> session.helpsOnly() && !session.leaving())
                .filter(session -> session.run().isEmpty() || session.at(run))
                .toList();
        if (some.isEmpty() || !run.record().hasStarted()) {
            return;
        }
        int teachers = teachers(run.record().getJob());
        Map<String, TeacherAssignment.Holder> holders = new TreeMap<>();
        for (WorkerSession session : some) {
            long most = Integer.toUnsignedLong(session.hello().getTeachers());
            holders.put(
                    session.name(), new TeacherAssignment.Holder((int) Math.min(teachers, most), session.teachers()));
        }
        Map<String, List<Integer>> assigned = TeacherAssignment.of(teachers, holders);
        for (WorkerSession session : some) {
            List<Integer> own = assigned.get(session.name());
            if (session.run().isEmpty() || !session.teachers().equals(own)) {
                session.prepare(run, own, run.now());
            }
        }
    }

    /** Orders what is to be from now on, unless it is so already. */
    void order(JobRun run) {
        boolean helped = run.help().order().getHelpersCount() > 0;
        if (!helped && run.grant().helpers().isEmpty() || !(run.phase() instanceof Phase.Training)) {
            return;
        }
        Generation generation = run.record().getGeneration();
        List<WorkerSession> told = new ArrayList<>();
        Help.Builder help = Help.newBuilder().setJob(run.id()).setTransport(generation.getTransport());
        for (Generation.Member member : generation.getMembersList()) {
            Optional<WorkerSession> session = registry.find(member.getWorker())
                    .filter(there -> there.at(run) && there.trains(generation.getNumber()));
            if (session.isEmpty()) {
                return; // it comes back, or another generation begins
            }
            told.add(session.get());
            help.addMembers(member.toBuilder().clearState().clearPeer());
        }
        for (WorkerSession session : helpers(run)) {
            told.add(session);
            String address = session.hello().getAddressesOrDefault(generation.getTransport(), "");
            help.addHelpers(Help.Helper.newBuilder()
                    .setWorker(session.name())
                    .setAddress(address)
                    .addAllTeachers(session.teachers()));
        }
        Job job = run.record().getJob();
        help.setPart(run.help().part(features(job), help.getHelpersCount(), held(help, teachers(job))));
        // Another stream of the same worker may have missed the order.
        List<String> streams = new ArrayList<>(List.of("generation " + generation.getNumber()));
        told.forEach(session -> streams.add(session.key() + "@" + session.since()));
        if (!run.help().isTold(help, streams)) {
            Help order = run.help().order(help, streams, run.now());
            told.forEach(session -> session.send(Orders.help(order)));
        }
    }

    /** The part of so many teachers that some helper holds. */
    private static double held(Help.Builder help, int teachers) {
        boolean all = help.getHelpersList().stream().anyMatch(helper -> helper.getTeachersCount() == 0);
        long some = help.getHelpersList().stream()
                .flatMap(helper -> helper.getTeachersList().stream())
                .distinct()
                .count();
        return all || some >= teachers || help.getHelpersCount() == 0 ? 1 : (double) some / teachers;
    }

    /** Those that are ready to help, in the order of their names. */
    private List<WorkerSession> helpers(JobRun run) {
        return run.grant().helpers().stream()
                .sorted()
                .flatMap(name -> registry.find(name).stream())
                .filter(session -> session.at(run) && session.helps() && !session.leaving())
                .filter(session -> session.state() instanceof WorkerState.Ready)
                .toList();
    }
}
