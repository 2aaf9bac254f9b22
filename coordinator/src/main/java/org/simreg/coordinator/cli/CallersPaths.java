package org.simreg.coordinator.cli;

import java.nio.file.Path;
import java.util.regex.Pattern;
import org.simreg.proto.Dataset;
import org.simreg.proto.Job;
import org.simreg.proto.Student;
import org.simreg.proto.Teacher;
import org.simreg.proto.TeacherSource;

/**
 * A job whose files are named from the root: coordinator and workers run in other folders than the
 * one who submits.
 *
 * @param folder that relative paths start from
 */
record CallersPaths(Path folder) {
    private static final Pattern SCHEME = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]*://.*");

    /**
     * @param job completed
     * @return the same with absolute paths; what has a scheme ("s3://...") stays as it is
     */
    Job absolute(Job job) {
        Job.Builder whole = job.toBuilder();
        whole.getCheckpointsBuilder().setOutput(absolute(job.getCheckpoints().getOutput()));
        data(whole.getDatasetBuilder());
        student(whole.getStudentBuilder());
        whole.getTeachersBuilderList().forEach(this::teacher);
        if (job.getCache().hasStore()) {
            whole.getCacheBuilder().setStore(absolute(job.getCache().getStore()));
        }
        return whole.build();
    }

    private void data(Dataset.Builder data) {
        data.setPath(absolute(data.getPath()));
        if (data.hasClassesFile()) {
            data.setClassesFile(absolute(data.getClassesFile()));
        }
    }

    private void student(Student.Builder student) {
        if (student.hasInit()) {
            student.setInit(absolute(student.getInit()));
        }
        if (student.hasModule()) {
            student.setModule(absolute(student.getModule()));
        }
        if (student.hasRestart()) {
            student.setRestart(absolute(student.getRestart()));
        }
    }

    private void teacher(Teacher.Builder teacher) {
        TeacherSource source = TeacherSource.of(teacher.getSource());
        if (source instanceof TeacherSource.TorchScript module) {
            teacher.setSource(TeacherSource.TORCHSCRIPT_PREFIX + absolute(module.file()));
        } else if (source instanceof TeacherSource.Weights weights) {
            teacher.setSource(absolute(weights.file()));
        }
    }

    private String absolute(String path) {
        boolean elsewhere = SCHEME.matcher(path).matches();
        return elsewhere ? path : folder.resolve(path).toAbsolutePath().normalize().toString();
    }
}
