package org.simreg.worker.data.storage;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.simreg.proto.Dataset;
import org.simreg.proto.Job;
import org.simreg.proto.UserError;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.folder.FolderSource;

/** The opener of the data sets of jobs and banks, wherever their images lie. */
public final class DatasetOpener {
    private static final long NANOS_BETWEEN_NOTICES = 2_000_000_000L;

    private DatasetOpener() {}

    /**
     * Opens the data set, on storage of this worker if it is there and the same as the
     * coordinator's; else by the coordinator.
     *
     * @throws UserError if neither has it
     */
    public static ImageDataset open(Job job, WorkerSettings settings, Consumer<String> notices) {
        return open(job.getDataset(), settings, notices);
    }

    /**
     * As {@link #open(Job, WorkerSettings, Consumer)}.
     *
     * @throws UserError if neither has it
     */
    public static ImageDataset open(Dataset dataset, WorkerSettings settings, Consumer<String> notices) {
        if (settings.storage().isEmpty()) {
            return local(dataset, settings, notices);
        }
        CoordinatorFiles storage = settings.storage().get();
        Optional<ImageDataset> seen = seen(dataset, settings, notices);
        if (seen.isPresent()) {
            if (storage.agrees(dataset, seen.get())) {
                return seen.get();
            }
            notices.accept(
                    dataset.getPath() + " is another data set here than for the coordinator, so it is read from there");
        }
        return storage.open(dataset, notices);
    }

    /** What this worker sees; a folder where nothing is mounted has no images. */
    private static Optional<ImageDataset> seen(Dataset dataset, WorkerSettings settings, Consumer<String> notices) {
        boolean held = Stream.of(dataset.getPath(), dataset.getClassesFile(), dataset.getValLabels())
                .filter(path -> !path.isEmpty())
                .allMatch(path -> settings.roots().hold(Path.of(path)));
        if (!held || !Files.isDirectory(Path.of(dataset.getPath()))) {
            return Optional.empty();
        }
        try {
            return Optional.of(local(dataset, settings, notices));
        } catch (UserError e) {
            notices.accept(e.getMessage() + "; asking the coordinator for it");
            return Optional.empty();
        }
    }

    private static ImageDataset local(Dataset dataset, WorkerSettings settings, Consumer<String> notices) {
        ImageDataset.IndexProgress progress = noticed(dataset.getPath(), notices);
        return FolderSource.open(
                Path.of(dataset.getPath()), ImageDataset.Subset.of(dataset), settings.cache(), progress, notices);
    }

    /** A notice every two seconds: a million files take a while, a thousand don't need a word. */
    private static ImageDataset.IndexProgress noticed(String path, Consumer<String> notices) {
        AtomicLong last = new AtomicLong(System.nanoTime());
        return (folders, images) -> {
            long before = last.get();
            long now = System.nanoTime();
            if (now - before > NANOS_BETWEEN_NOTICES && last.compareAndSet(before, now)) {
                notices.accept("indexing " + path + ": " + images + " images in " + folders + " folders so far");
            }
        };
    }
}
