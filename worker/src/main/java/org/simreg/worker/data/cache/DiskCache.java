package org.simreg.worker.data.cache;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.simreg.worker.base.concurrent.NamedThreads;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The disk space of a cache, which is a folder of folders of files. Room for new ones is made by
 * deleting those not touched for longest. Safe for all threads; other processes may add and delete
 * files too. A start goes by the {@linkplain KeptCount count that was kept}, and counts while it works.
 */
public final class DiskCache {
    /** How the name of a file ends that isn't whole yet. */
    public static final String DRAFT = ".part";

    private static final Logger LOG = LoggerFactory.getLogger(DiskCache.class);
    private static final int BLOCK = 4096;

    /** Parts of the space after which the files of other processes are counted again. */
    private static final int PARTS = 16;

    /** Parts of the space after which the count is kept anew. */
    private static final int KEPT_PARTS = 256;

    private static final Duration OLDEST_DRAFT = Duration.ofHours(1);

    private final Path folder;
    private final long most;
    private final Others others;
    private final KeptCount kept;
    private long beside;
    private long used;
    private long unseen;
    private long pending;
    private long written;
    private long unkept;
    private boolean counted;

    DiskCache(Path folder, long most) {
        this(folder, most, () -> 0);
    }

    /**
     * @param most bytes of the files and of what lies beside them
     * @param others what lies beside them
     */
    DiskCache(Path folder, long most, Others others) {
        this.folder = folder;
        this.most = most;
        this.others = others;
        kept = new KeptCount(folder);
    }

    /** What takes of the same space and is not deleted here. */
    interface Others {
        /** Its bytes now. */
        long bytes() throws IOException;
    }

    /** Deletes as many files as a file needs that is not one of these. */
    synchronized void makeRoom(long length) throws IOException {
        count();
        shrink(most - blocks(length));
    }

    /**
     * Makes room for a file. Once it is written, or isn't, {@link #settle} follows.
     *
     * @return false if it is too large to be kept: more than half of the space
     */
    synchronized boolean reserve(long length) throws IOException {
        long bytes = blocks(length);
        if (bytes > most / 2 || counted && bytes > most - beside) {
            return false;
        }
        if (!counted) {
            begin();
        } else if (unseen > most / PARTS) {
            count();
        }
        if (used + bytes > most) {
            count();
            // An eighth more than needed: the folders are walked once for many files.
            shrink(most - most / 8 - bytes);
        }
        used += bytes;
        unseen += bytes;
        pending += bytes;
        written += bytes;
        unkept += bytes;
        if (unkept > most / KEPT_PARTS) {
            keep();
        }
        return true;
    }

    /** By the count that was kept, if there is one; another thread counts meanwhile. */
    private void begin() throws IOException {
        OptionalLong before = kept.read();
        if (before.isEmpty()) {
            count();
            return;
        }
        beside = others.bytes();
        used = pending + beside + before.getAsLong();
        counted = true;
        NamedThreads.thread("cache-count", this::recount).start();
    }

    private void recount() {
        long before;
        synchronized (this) {
            before = written - pending;
        }
        try {
            long found = bytes();
            synchronized (this) {
                // What was written meanwhile may be in both: too much is put right before anything is deleted.
                used = beside + found + written - before;
                keep();
            }
        } catch (IOException | UncheckedIOException e) {
            LOG.warn("The cache {} can't be counted, so it may become larger than it should: {}", folder, e.toString());
        }
    }

    private void keep() throws IOException {
        kept.write(Math.max(0, used - beside - pending));
        unkept = 0;
    }

    private long bytes() throws IOException {
        long[] sum = {0};
        walk((file, attributes) -> sum[0] += blocks(attributes.size()));
        return sum[0];
    }

    /** A file of that length, for which there was room, is in its place or was given up. */
    synchronized void settle(long length) {
        pending -= blocks(length);
    }

    /** File systems give whole blocks; a million small files are not to take twice the space. */
    static long blocks(long length) {
        return (length + BLOCK - 1) / BLOCK * BLOCK;
    }

    private void count() throws IOException {
        beside = others.bytes();
        used = pending + beside + bytes();
        unseen = 0;
        counted = true;
        keep();
    }

    /**
     * Two walks, the first for the times only: paths of a million files would take a hundred
     * megabytes.
     */
    private void shrink(long limit) throws IOException {
        if (used <= limit) {
            return;
        }
        Cut cut = cut(used - limit);
        long[] atTime = {cut.atTime()};
        walk((file, attributes) -> {
            long time = attributes.lastModifiedTime().toMillis();
            long bytes = blocks(attributes.size());
            if (time < cut.time() || time == cut.time() && atTime[0] > 0) {
                used -= Files.deleteIfExists(file) ? bytes : 0;
                atTime[0] -= time == cut.time() ? bytes : 0;
            }
        });
        keep();
    }

    /**
     * Which files go: all of an earlier time, and of the time itself as many as still needed, in any
     * order.
     *
     * @param time milliseconds of the last modification
     * @param atTime bytes to free by files of just that time
     */
    private record Cut(long time, long atTime) {}

    /** The cut that frees that many bytes, or all there are. */
    private Cut cut(long bytes) throws IOException {
        List<long[]> files = new ArrayList<>();
        walk((file, attributes) ->
                files.add(new long[] {attributes.lastModifiedTime().toMillis(), blocks(attributes.size())}));
        files.sort((a, b) -> Long.compare(a[0], b[0]));
        long freed = 0;
        long earlier = 0;
        long time = Long.MIN_VALUE;
        for (long[] file : files) {
            if (file[0] != time) {
                time = file[0];
                earlier = freed;
            }
            freed += file[1];
            if (freed >= bytes) {
                return new Cut(time, bytes - earlier);
            }
        }
        return new Cut(Long.MAX_VALUE, 0);
    }

    /** The work on each file of the cache. */
    private interface Visit {
        void file(Path file, BasicFileAttributes attributes) throws IOException;
    }

    private void walk(Visit visit) throws IOException {
        // The wall clock, as the times of files are: set forward, it takes a live draft for an old one, and that sample
        // is
        // fetched once more; set back, an old draft stays longer.
        long now = System.currentTimeMillis();
        for (Path inner : list(folder)) {
            for (Path file : list(inner)) {
                BasicFileAttributes attributes;
                try {
                    attributes = Files.readAttributes(file, BasicFileAttributes.class);
                } catch (NoSuchFileException e) {
                    // Another process or thread was faster.
                    continue;
                }
                long age = now - attributes.lastModifiedTime().toMillis();
                if (file.toString().endsWith(DRAFT)) {
                    // Of a process that was killed; a live one needs seconds.
                    if (age > OLDEST_DRAFT.toMillis()) {
                        Files.deleteIfExists(file);
                    }
                } else {
                    visit.file(file, attributes);
                }
            }
        }
    }

    private static List<Path> list(Path folder) throws IOException {
        List<Path> entries = new ArrayList<>();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder)) {
            stream.forEach(entries::add);
        } catch (NoSuchFileException | NotDirectoryException e) {
            return List.of();
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        return entries;
    }
}
