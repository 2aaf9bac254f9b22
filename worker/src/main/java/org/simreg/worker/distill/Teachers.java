package org.simreg.worker.distill;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.simreg.proto.Job;
import org.simreg.worker.torchscript.Torch;

/** The teachers of a job. */
final class Teachers {
    /** Source of the momentum teacher. */
    private static final String SELF = "self";

    private static final String SCRIPT = "torchscript:";

    private Teachers() {}

    /** Whether the student teaches itself. */
    static boolean selfTaught(Job job) {
        return job.getTeachersCount() == 1 && job.getTeachers(0).getSource().equals(SELF);
    }

    /** Loads the frozen teachers of a job in its order; none for a momentum teacher. */
    static List<Teacher> load(Torch torch, Job job) {
        List<Teacher> loaded = new ArrayList<>();
        try {
            for (org.simreg.proto.Teacher asked : job.getTeachersList()) {
                if (!asked.getSource().equals(SELF)) {
                    loaded.add(load(torch, job, asked));
                }
            }
            return loaded;
        } catch (RuntimeException e) {
            loaded.forEach(Teacher::close);
            throw e;
        }
    }

    private static Teacher load(Torch torch, Job job, org.simreg.proto.Teacher asked) {
        if (asked.getSource().startsWith(SCRIPT)) {
            Path file = Path.of(asked.getSource().substring(SCRIPT.length()));
            return new ScriptTeacher(torch, file, job.getViews().getSize());
        }
        return FrozenTeacher.load(torch, asked, job.getPrecision());
    }
}
