package org.simreg.worker.data.storage;

import java.nio.file.Path;
import java.util.Optional;
import org.simreg.proto.Roots;
import org.simreg.worker.data.cache.CacheSpace;
import org.simreg.worker.data.cache.SampleCache;
import org.simreg.worker.data.loader.BatchLoader;

/**
 * Settings of a worker's process: device, threads, folders; none of it is part of a job.
 *
 * @param device {@code auto}, {@code cpu} or {@code cuda:N}
 * @param threads of libtorch on the CPU, at least 1
 * @param decodeThreads threads that decode and augment, at least 1
 * @param cache folder for the indexes of data sets
 * @param storage where files are read that this worker doesn't see; none if there is no coordinator
 * @param roots below which files of jobs must lie to be seen
 * @param torchscript whether TorchScript files from outside may be run
 * @param space disk space of what the cache folder holds
 */
public record WorkerSettings(
        String device,
        int threads,
        int decodeThreads,
        Path cache,
        Optional<CoordinatorFiles> storage,
        Roots roots,
        boolean torchscript,
        CacheSpace space) {
    /** A worker that sees all files. */
    public WorkerSettings(String device, int threads, int decodeThreads, Path cache) {
        this(device, threads, decodeThreads, cache, Optional.empty());
    }

    /** A worker that sees files anywhere. */
    public WorkerSettings(
            String device, int threads, int decodeThreads, Path cache, Optional<CoordinatorFiles> storage) {
        this(device, threads, decodeThreads, cache, storage, Roots.ANYWHERE, true, CacheSpace.of(cache));
    }

    public WorkerSettings {
        if (threads < 1 || decodeThreads < 1) {
            throw new IllegalArgumentException("threads: " + threads + ", decode threads: " + decodeThreads);
        }
    }

    /** The copies of samples that lie far away. */
    public SampleCache samples() {
        return new SampleCache(space);
    }

    /** Micro-batches decoded ahead: one a thread, one being taken, one ready. */
    public BatchLoader.Settings loader(long seed) {
        return new BatchLoader.Settings(decodeThreads, decodeThreads + 2, seed);
    }
}
