package org.simreg.worker.distill;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.simreg.proto.Job;
import org.simreg.proto.TeacherSource;
import org.simreg.worker.torchscript.Torch;

/** The teachers of a job. */
final class Teachers {
    private Teachers() {}

    /** Loads the frozen teachers of a job in its order; none for a momentum teacher. */
    static List<Teacher> load(Torch torch, Job job) {
        List<Teacher> loaded = new ArrayList<>();
        try {
            for (org.simreg.proto.Teacher asked : job.getTeachersList()) {
                TeacherSource source = TeacherSource.of(asked.getSource());
                if (source instanceof TeacherSource.TorchScript script) {
                    loaded.add(new ScriptTeacher(torch, Path.of(script.file()), asked));
                } else if (source instanceof TeacherSource.Weights) {
                    loaded.add(FrozenTeacher.load(torch, asked, job.getPrecision()));
                }
            }
            return loaded;
        } catch (RuntimeException e) {
            loaded.forEach(Teacher::close);
            throw e;
        }
    }
}
