package org.simreg.coordinator.grpc.samples;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.simreg.proto.DataSource;
import org.simreg.proto.Dataset;
import org.simreg.proto.ReadRequest;
import org.simreg.proto.Roots;
import org.simreg.proto.Split;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.Abandoned;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.storage.DatasetOpener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The open data sets that workers read, each with the images that it had when a worker first asked
 * for it: new files don't change the ids of a running job. Safe for all threads.
 */
final class OpenDatasets {
    private static final Logger LOG = LoggerFactory.getLogger(OpenDatasets.class);
    private static final int MOST = 16;

    private final Path indexCache;
    private final Roots roots;
    private final Map<Dataset, ReentrantLock> listings = new ConcurrentHashMap<>();

    /** The parts used last; guarded by itself. */
    private final Map<Key, ImageList> parts = new LinkedHashMap<>(MOST, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, ImageList> eldest) {
            return size() > MOST;
        }
    };

    /** A part of a data set as its images were listed. */
    private record Key(Dataset dataset, Split split, String sha256) {}

    /**
     * @param indexCache folder of the indexes of data sets
     * @param roots below which their files must lie
     */
    OpenDatasets(Path indexCache, Roots roots) {
        this.indexCache = indexCache;
        this.roots = roots;
    }

    /**
     * Opens a data set as it is now. Two workers that ask for the same one don't list it at the same time;
     * other data sets are not held up.
     *
     * @throws UserError if it can't be opened
     * @throws Abandoned if the thread is interrupted
     */
    ImageDataset open(Dataset dataset) {
        ReentrantLock listing = listings.computeIfAbsent(dataset, key -> new ReentrantLock());
        try {
            listing.lockInterruptibly();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Abandoned("interrupted");
        }
        try {
            ImageDataset splits = opened(dataset);
            keep(dataset, Split.TRAIN, splits.train());
            splits.val().ifPresent(val -> keep(dataset, Split.VAL, val));
            return splits;
        } finally {
            if (!listing.hasQueuedThreads()) {
                listings.remove(dataset, listing);
            }
            listing.unlock();
        }
    }

    private ImageDataset opened(Dataset dataset) {
        return DatasetOpener.local(
                dataset,
                new DatasetOpener.Local(indexCache, roots, ImageDataset.IndexProgress.SILENT),
                note -> LOG.info("{}", note));
    }

    private void keep(Dataset dataset, Split split, ImageList images) {
        Key key = new Key(dataset, split, images.sha256());
        synchronized (parts) {
            parts.putIfAbsent(key, images);
        }
    }

    private Optional<ImageList> known(Key key) {
        synchronized (parts) {
            return Optional.ofNullable(parts.get(key));
        }
    }

    /**
     * The images that a request's ids count in.
     *
     * @throws StatusRuntimeException if the data set has changed since they were listed and this
     *     process doesn't know how it was, or an id is none of it
     */
    ImageList images(ReadRequest request) {
        Dataset dataset = request.getDataset();
        Key key = new Key(dataset, request.getSplit(), request.getSha256());
        if (known(key).isEmpty()) {
            open(dataset);
        }
        ImageList images = known(key).orElseThrow(() -> changed(request));
        request.getSamplesList().forEach(sample -> requireIn(images, sample.getId()));
        return images;
    }

    private static StatusRuntimeException changed(ReadRequest request) {
        return Status.FAILED_PRECONDITION
                .withDescription(
                        "The names of the %s images in %s are not those that the worker knows: files were added, renamed or removed; put them back and resume the job, or submit it anew"
                                .formatted(request.getSplit(), DataSource.shown(request.getDataset())))
                .asRuntimeException();
    }

    private static void requireIn(ImageList images, int id) {
        if (id < 0 || id >= images.size()) {
            throw Status.INVALID_ARGUMENT
                    .withDescription("There is no sample %s among %d images"
                            .formatted(Integer.toUnsignedString(id), images.size()))
                    .asRuntimeException();
        }
    }
}
