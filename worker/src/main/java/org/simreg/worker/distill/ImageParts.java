package org.simreg.worker.distill;

import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.simreg.proto.Dataset;
import org.simreg.proto.Job;
import org.simreg.worker.data.ImageFolder;
import org.simreg.worker.data.IndexProgress;
import org.simreg.worker.data.Splits;
import org.simreg.worker.data.Subset;

/** Opens the data set of a job. */
final class ImageParts {
    private static final long NANOS_BETWEEN_NOTICES = 2_000_000_000L;

    private ImageParts() {}

    static Splits open(Job job, WorkerSettings settings, Consumer<String> notices) {
        Dataset dataset = job.getDataset();
        Optional<Path> classes =
                dataset.getClassesFile().isEmpty()
                        ? Optional.empty()
                        : Optional.of(Path.of(dataset.getClassesFile()));
        Subset subset = new Subset(dataset.getLimitClasses(), classes);
        IndexProgress progress = told(dataset.getPath(), notices);
        return ImageFolder.open(Path.of(dataset.getPath()), subset, settings.cache(), progress);
    }

    /** A notice every two seconds: a million files take a while, a thousand don't need a word. */
    private static IndexProgress told(String path, Consumer<String> notices) {
        AtomicLong last = new AtomicLong(System.nanoTime());
        return (folders, images) -> {
            long before = last.get();
            long now = System.nanoTime();
            if (now - before > NANOS_BETWEEN_NOTICES && last.compareAndSet(before, now)) {
                notices.accept(
                        "indexing "
                                + path
                                + ": "
                                + images
                                + " images in "
                                + folders
                                + " folders so far");
            }
        };
    }
}
