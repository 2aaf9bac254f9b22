package org.simreg.coordinator.grpc.samples;

import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;
import org.simreg.proto.DataSource;
import org.simreg.proto.Dataset;
import org.simreg.proto.Job;
import org.simreg.proto.Roots;
import org.simreg.proto.Student;
import org.simreg.proto.Teacher;
import org.simreg.proto.TeacherSource;

/**
 * The rights of workers to read the coordinator's storage. Asked on the thread that gRPC calls the
 * service on; may throw {@code Refused} while the coordinator can't tell.
 */
public interface ReadGrants {
    /** Whether the images of a data set may be read. */
    boolean dataset(Dataset dataset);

    /** Whether a weight file may be read, by the path that a job gives. */
    boolean weights(String path);

    /** These rights, for paths that lie below the roots, wherever links lead by now. */
    default ReadGrants below(Roots roots) {
        ReadGrants named = this;
        return new ReadGrants() {
            @Override
            public boolean dataset(Dataset dataset) {
                return named.dataset(dataset)
                        && DataSource.of(dataset).stream().allMatch(source -> roots.hold(source.base()))
                        && (dataset.getClassesFile().isEmpty() || roots.hold(Path.of(dataset.getClassesFile())))
                        && (dataset.getValLabels().isEmpty() || roots.hold(Path.of(dataset.getValLabels())));
            }

            @Override
            public boolean weights(String path) {
                return named.weights(path) && roots.hold(Path.of(path));
            }
        };
    }

    /**
     * The rights to read exactly what jobs name: paths are compared as they are written, so that
     * none can lead elsewhere.
     *
     * @param jobs those whose data may be read
     */
    static ReadGrants of(Supplier<? extends Collection<Job>> jobs) {
        return new ReadGrants() {
            @Override
            public boolean dataset(Dataset dataset) {
                return jobs.get().stream().anyMatch(job -> reads(job, dataset));
            }

            @Override
            public boolean weights(String path) {
                return !path.isEmpty() && jobs.get().stream().anyMatch(job -> readsWeights(job, path));
            }
        };
    }

    private static boolean reads(Job job, Dataset dataset) {
        return job.getDataset().equals(dataset)
                || DataSource.evaluation(job).filter(dataset::equals).isPresent();
    }

    private static boolean readsWeights(Job job, String path) {
        Student student = job.getStudent();
        return List.of(student.getInit(), student.getModule(), student.getRestart())
                        .contains(path)
                || job.getTeachersList().stream()
                        .map(Teacher::getSource)
                        .map(TeacherSource::of)
                        .anyMatch(source -> isFile(source, path));
    }

    private static boolean isFile(TeacherSource source, String path) {
        return source instanceof TeacherSource.Weights weights && weights.file().equals(path)
                || source instanceof TeacherSource.TorchScript script
                        && script.file().equals(path);
    }
}
