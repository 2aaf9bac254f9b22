package org.simreg.worker.distill;

import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import org.simreg.proto.Dataset;
import org.simreg.proto.Job;
import org.simreg.worker.data.ImageFolder;
import org.simreg.worker.data.IndexProgress;
import org.simreg.worker.data.Splits;
import org.simreg.worker.data.Subset;

/** Opens the data set of a job. */
final class ImageParts {
    private ImageParts() {}

    static Splits open(Job job, WorkerSettings settings, Consumer<String> notices) {
        Dataset dataset = job.getDataset();
        Optional<Path> classes =
                dataset.getClassesFile().isEmpty() ? Optional.empty() : Optional.of(Path.of(dataset.getClassesFile()));
        Subset subset = new Subset(dataset.getLimitClasses(), classes);
        IndexProgress progress = found -> notices.accept("indexing " + dataset.getPath() + ": " + found + " images");
        return ImageFolder.open(Path.of(dataset.getPath()), subset, settings.cache(), progress);
    }
}
