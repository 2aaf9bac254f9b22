package org.simreg.worker.data.storage;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.simreg.proto.Job;
import org.simreg.proto.Roots;
import org.simreg.proto.Student;
import org.simreg.proto.TeacherSource;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Notices;

/** The weight files that a job names: teachers, TorchScript modules, the student's start. */
public final class WeightFiles {
    private final CoordinatorFiles storage;
    private final Roots roots;
    private final Notices notices;

    private WeightFiles(CoordinatorFiles storage, Roots roots, Notices notices) {
        this.storage = storage;
        this.roots = roots;
        this.notices = notices;
    }

    /**
     * Finds the weight files of a job. Those that this worker doesn't see are copied from the
     * coordinator, once.
     *
     * @param needed teachers whose files are needed, by their place in the job; the paths of the others stay as they are
     * @return the job with paths that can be read here; the job itself where nothing has to be
     *     copied
     * @throws UserError if the coordinator doesn't give a file
     */
    public static Job here(Job job, IntPredicate needed, WorkerSettings settings, Notices notices) {
        return settings.storage()
                .map(storage -> new WeightFiles(storage, settings.roots(), notices).located(job, needed))
                .orElse(job);
    }

    private Job located(Job job, IntPredicate needed) {
        Job.Builder here = job.toBuilder();
        IntStream.range(0, job.getTeachersCount())
                .filter(needed)
                .mapToObj(here::getTeachersBuilder)
                .forEach(teacher -> teacher.setSource(source(teacher.getSource())));
        student(here.getStudentBuilder());
        return here.build();
    }

    private void student(Student.Builder student) {
        if (student.hasInit()) {
            student.setInit(file(student.getInit()));
        }
        if (student.hasModule()) {
            student.setModule(file(student.getModule()));
        }
        if (student.hasRestart()) {
            student.setRestart(file(student.getRestart()));
        }
    }

    private String source(String text) {
        TeacherSource source = TeacherSource.of(text);
        if (source instanceof TeacherSource.TorchScript script) {
            return TeacherSource.TORCHSCRIPT_PREFIX + file(script.file());
        }
        return source instanceof TeacherSource.Weights weights ? file(weights.file()) : text;
    }

    private String file(String path) {
        return isSeen(path) ? path : storage.weights(path, notices).toString();
    }

    @SuppressWarnings("try") // the mark is there for others to see
    private boolean isSeen(String path) {
        try (Notices.Mark reading = notices.reading(path)) {
            return roots.hold(Path.of(path)) && Files.isReadable(Path.of(path));
        }
    }
}
