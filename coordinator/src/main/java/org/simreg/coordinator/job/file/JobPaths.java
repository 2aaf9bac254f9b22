package org.simreg.coordinator.job.file;

import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.simreg.proto.DataSource;
import org.simreg.proto.Dataset;
import org.simreg.proto.Job;
import org.simreg.proto.Student;
import org.simreg.proto.Teacher;
import org.simreg.proto.TeacherSource;

/**
 * The paths that a job names, replaced one by one.
 *
 * @param replacement gives the path that takes one's place
 */
public record JobPaths(UnaryOperator<String> replacement) {
    private static final Pattern SCHEME = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]*://.*");

    /**
     * Replaces all paths of a job.
     *
     * @param job completed
     * @param replacement is not asked about what has a scheme ("s3://..."), which stays as it is
     */
    public static Job replaced(Job job, UnaryOperator<String> replacement) {
        return new JobPaths(replacement).of(job);
    }

    private Job of(Job job) {
        Job.Builder whole = job.toBuilder();
        whole.getCheckpointsBuilder().setOutput(moved(job.getCheckpoints().getOutput()));
        data(whole.getDatasetBuilder());
        DataSource.evaluation(job)
                .map(data -> DataSource.moved(data, this::moved).getPathList())
                .ifPresent(paths -> whole.getEvaluationBuilder().clearData().addAllData(paths));
        student(whole.getStudentBuilder());
        whole.getTeachersBuilderList().forEach(this::teacher);
        if (job.getCache().hasStore()) {
            whole.getCacheBuilder().setStore(moved(job.getCache().getStore()));
        }
        return whole.build();
    }

    private void data(Dataset.Builder data) {
        Dataset moved = DataSource.moved(data.build(), this::moved);
        data.clearPath().addAllPath(moved.getPathList());
        if (data.hasClassesFile()) {
            data.setClassesFile(moved(data.getClassesFile()));
        }
        if (data.hasValLabels()) {
            data.setValLabels(moved(data.getValLabels()));
        }
    }

    private void student(Student.Builder student) {
        if (student.hasInit()) {
            student.setInit(moved(student.getInit()));
        }
        if (student.hasModule()) {
            student.setModule(moved(student.getModule()));
        }
        if (student.hasRestart()) {
            student.setRestart(moved(student.getRestart()));
        }
    }

    private void teacher(Teacher.Builder teacher) {
        TeacherSource source = TeacherSource.of(teacher.getSource());
        if (source instanceof TeacherSource.TorchScript module) {
            teacher.setSource(TeacherSource.TORCHSCRIPT_PREFIX + moved(module.file()));
        } else if (source instanceof TeacherSource.Weights weights) {
            teacher.setSource(moved(weights.file()));
        }
    }

    private String moved(String path) {
        return SCHEME.matcher(path).matches() ? path : replacement.apply(path);
    }
}
