package org.simreg.worker.data.storage;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.simreg.proto.DataSource;
import org.simreg.proto.Dataset;
import org.simreg.proto.Job;
import org.simreg.proto.Roots;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.WatchedPool;
import org.simreg.worker.base.io.Notices;
import org.simreg.worker.data.cache.SampleCache;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.LocatedIndex;
import org.simreg.worker.data.dataset.folder.FolderSource;
import org.simreg.worker.data.dataset.list.ListLister;
import org.simreg.worker.data.dataset.list.ListedObjects;
import org.simreg.worker.data.dataset.list.ObjectLister;
import org.simreg.worker.data.dataset.located.LocatedDataset;
import org.simreg.worker.data.dataset.located.SampleLister;
import org.simreg.worker.data.dataset.parquet.ParquetLister;
import org.simreg.worker.data.dataset.parquet.ParquetValues;
import org.simreg.worker.data.dataset.tar.TarLister;

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
    public static ImageDataset open(Job job, WorkerSettings settings, Notices notices) {
        return open(job.getDataset(), settings, notices);
    }

    /**
     * As {@link #open(Job, WorkerSettings, Notices)}.
     *
     * @throws UserError if neither has it
     */
    @SuppressWarnings("try") // the mark is there for others to see
    public static ImageDataset open(Dataset dataset, WorkerSettings settings, Notices notices) {
        if (settings.storage().isEmpty()) {
            try (Notices.Mark reading = notices.reading(DataSource.shown(dataset))) {
                return local(dataset, settings, notices);
            }
        }
        CoordinatorFiles storage = settings.storage().get();
        Optional<ImageDataset> seen;
        try (Notices.Mark reading = notices.reading(DataSource.shown(dataset))) {
            seen = seen(dataset, settings, notices);
        }
        if (seen.isPresent()) {
            if (storage.agrees(dataset, seen.get())) {
                return seen.get();
            }
            notices.accept(DataSource.shown(dataset)
                    + " is another data set here than for the coordinator, so it is read from there");
        }
        return storage.open(dataset, notices);
    }

    /** What this worker sees; a folder where nothing is mounted has no images. */
    private static Optional<ImageDataset> seen(Dataset dataset, WorkerSettings settings, Notices notices) {
        List<DataSource> sources = DataSource.of(dataset);
        boolean held = Stream.concat(
                        sources.stream().map(DataSource::base),
                        Stream.of(dataset.getClassesFile(), dataset.getValLabels())
                                .filter(path -> !path.isEmpty()))
                .allMatch(settings.roots()::hold);
        if (!held) {
            return Optional.empty();
        }
        AnyStore store = new AnyStore(settings.roots());
        for (DataSource source : sources) {
            if (!isThere(source, store)) {
                if (source.isObjects()) {
                    notices.accept(source.base() + " can't be reached from here; asking the coordinator for it");
                }
                return Optional.empty();
            }
        }
        try {
            return Optional.of(local(dataset, settings, notices));
        } catch (UserError e) {
            notices.accept(e.getMessage() + "; asking the coordinator for it");
            return Optional.empty();
        }
    }

    private static boolean isThere(DataSource source, AnyStore store) {
        if (source.isObjects()) {
            return store.objects().isThere(source.base());
        }
        Path base = Path.of(source.base());
        return source instanceof DataSource.Folder ? Files.isDirectory(base) : Files.exists(base);
    }

    private static ImageDataset local(Dataset dataset, WorkerSettings settings, Consumer<String> notices) {
        ImageDataset.IndexProgress progress = noticed(DataSource.shown(dataset), notices);
        return local(
                dataset,
                new Local(settings.cache(), settings.roots(), progress, Optional.of(settings.samples())),
                notices);
    }

    /**
     * The ways of this process to its own storage.
     *
     * @param cache folder for index files; created if missing
     * @param roots below which files must lie
     * @param progress told about the listing of folders and tars
     * @param samples where those of buckets are kept; none: they are read each time
     */
    public record Local(Path cache, Roots roots, ImageDataset.IndexProgress progress, Optional<SampleCache> samples) {
        /** Without a cache of samples. */
        public Local(Path cache, Roots roots, ImageDataset.IndexProgress progress) {
            this(cache, roots, progress, Optional.empty());
        }
    }

    /**
     * Opens a data set on storage that this process sees: one folder tree, or samples from other sources or several.
     * No image is read.
     *
     * @param notices takes a sentence about everything that is left out or understood otherwise than literally
     * @throws UserError if there are no images, or the subset names unknown classes
     */
    public static ImageDataset local(Dataset dataset, Local here, Consumer<String> notices) {
        ImageDataset.Subset subset = ImageDataset.Subset.of(dataset);
        List<DataSource> sources = DataSource.of(dataset).stream()
                .map(source -> resolved(source, notices))
                .toList();
        if (sources.size() == 1 && sources.get(0) instanceof DataSource.Folder folder && !folder.isObjects()) {
            requireNoField(dataset);
            return FolderSource.open(Path.of(folder.at()), subset, here.cache(), here.progress(), notices);
        }
        List<LocatedIndex> indexes = sources.stream()
                .map(source -> index(source, dataset.getLabelField(), here))
                .toList();
        LocatedIndex whole = indexes.size() == 1 ? indexes.get(0) : LocatedDataset.merged(indexes);
        AnyStore files = new AnyStore(here.roots());
        LocatedDataset.Stores stores = new LocatedDataset.Stores(files, new ParquetValues(files), here.samples());
        return LocatedDataset.open(whole, DataSource.shown(dataset), stores, subset, notices);
    }

    /** A folder of shards is the source that reads them. */
    private static DataSource resolved(DataSource source, Consumer<String> notices) {
        if (!(source instanceof DataSource.Folder) || source.isObjects()) {
            return source;
        }
        Optional<ShardFolder.Shards> shards = ShardFolder.of(Path.of(source.at()));
        shards.ifPresent(found -> notices.accept(found.notice()));
        return shards.map(ShardFolder.Shards::source).orElse(source);
    }

    private static void requireNoField(Dataset dataset) {
        if (dataset.hasLabelField()) {
            throw new UserError(
                    "dataset.label_field (--label-field) has no effect on the folder %s, whose classes are folders; leave it out"
                            .formatted(DataSource.shown(dataset)));
        }
    }

    private static LocatedIndex index(DataSource source, String field, Local here) {
        if (source instanceof DataSource.Folder && !source.isObjects()) {
            Path root = Path.of(source.at());
            return LocatedDataset.of(root, FolderSource.index(root, here.cache(), here.progress()));
        }
        return LocatedDataset.index(lister(source, field, here), here.cache(), here.progress());
    }

    private static SampleLister lister(DataSource source, String field, Local here) {
        AnyStore store = new AnyStore(here.roots());
        if (source instanceof DataSource.Parquet) {
            return new ParquetLister(source.at(), field, store.of(source.at()));
        } else if (source instanceof DataSource.Tars) {
            return new TarLister(source.at(), field, store.of(source.at()));
        } else if (source instanceof DataSource.Folder) {
            return new ObjectLister(source.at(), store.objects(), here.progress());
        } else if (source.isObjects()) {
            return new ListedObjects(source.at(), field, store.objects(), here.roots(), here.progress());
        }
        return new ListLister(source.at(), field, here.roots());
    }

    /** A notice every two seconds: a million files take a while, a thousand don't need a word. */
    private static ImageDataset.IndexProgress noticed(String path, Consumer<String> notices) {
        AtomicLong last = new AtomicLong(System.nanoTime());
        Runnable watching = WatchedPool.listener();
        return (folders, images) -> {
            watching.run();
            long before = last.get();
            long now = System.nanoTime();
            if (now - before > NANOS_BETWEEN_NOTICES && last.compareAndSet(before, now)) {
                notices.accept("indexing " + path + ": " + images + " images in " + folders + " folders so far");
            }
        };
    }
}
