package org.simreg.worker.train.teacher;

import java.nio.file.Path;
import java.util.function.Consumer;
import org.simreg.proto.Job;
import org.simreg.proto.Network;
import org.simreg.proto.Problems;
import org.simreg.proto.Teacher;
import org.simreg.proto.TeacherSource;
import org.simreg.worker.weights.checkpoint.FittingNetwork;
import org.simreg.worker.weights.checkpoint.WeightsFile;

/** The networks of a job's teachers that the job leaves to be recognised. */
public final class TeacherNetworks {
    private TeacherNetworks() {}

    /**
     * The job with the network of each teacher named, by what its file holds.
     *
     * @param job with paths that can be read here
     * @param notices takes a sentence about each that was recognised
     * @param problems takes the teachers whose network can't be told, which keep {@code auto}
     */
    public static Job named(Job job, Consumer<String> notices, Problems problems) {
        Job.Builder named = job.toBuilder();
        for (int i = 0; i < job.getTeachersCount(); i++) {
            Teacher teacher = job.getTeachers(i);
            Teacher.Builder to = named.getTeachersBuilder(i);
            if (isOpen(teacher)) {
                String source = teacher.getSource();
                problems.attempt(
                                "teachers[" + i + "].network",
                                () -> FittingNetwork.of(
                                        WeightsFile.read(Path.of(source)),
                                        NetworkTeacher.part(teacher),
                                        source,
                                        "--teacher-network",
                                        notices))
                        .ifPresent(to::setNetwork);
            }
        }
        return named.build();
    }

    /** Whether a teacher's network is still to be recognised. */
    static boolean isOpen(Teacher teacher) {
        return teacher.getNetwork() == Network.AUTO
                && TeacherSource.of(teacher.getSource()) instanceof TeacherSource.Weights;
    }
}
