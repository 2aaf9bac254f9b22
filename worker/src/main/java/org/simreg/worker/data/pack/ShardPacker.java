package org.simreg.worker.data.pack;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.NamedThreads;
import org.simreg.worker.base.concurrent.ProgressMonitor;
import org.simreg.worker.base.io.FileNames;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.ImageManifest;
import org.simreg.worker.data.store.FileFolder;

/**
 * The packer of a data set into tar shards: {@code train-000000.tar} and so on, {@code val-000000.tar} where there is a
 * val, with members CLASS/NAME. Several shards are written at once, each whole or not at all, so that a packing that was
 * stopped goes on; equal data and settings give equal bytes. {@code index.json} lists the shards as Python's wids does,
 * {@code broken.txt} the pictures that can't be used.
 */
public final class ShardPacker {
    private static final int BUFFER = 1 << 18;
    private static final String PLAN = "pack.txt";
    private static final String INDEX = "index.json";
    private static final String BROKEN = "broken.txt";
    private static final String OF_SHARD = ".broken";
    private static final String LEFT_OUT = "left out";
    private static final String KEPT = "kept";

    private final ImageDataset data;
    private final PackSettings settings;
    private final FileFolder folder;
    private final List<ShardPlan.Shard> shards;
    private final AtomicLong done = new AtomicLong();

    /**
     * Plans the shards; looks at the size of every file.
     *
     * @param folder that takes the shards
     */
    public ShardPacker(ImageDataset data, PackSettings settings, FileFolder folder) {
        this.data = data;
        this.settings = settings;
        this.folder = folder;
        shards = ShardPlan.of(data, settings);
    }

    /** How large it gets, in words; an upper bound where pictures are made smaller. */
    public String size() {
        long bytes = shards.stream().mapToLong(ShardPlan.Shard::bytes).sum();
        return "%d pictures in %d shards, %s%,d bytes"
                .formatted(total(), shards.size(), settings.encodes() ? "at most about " : "", bytes);
    }

    private long total() {
        return shards.stream().mapToLong(shard -> shard.ids().length).sum();
    }

    /**
     * The outcome of a packing.
     *
     * @param samples in all shards
     * @param broken pictures that can't be used
     */
    public record Packed(long samples, long broken) {}

    /**
     * Writes the shards that aren't there yet.
     *
     * @param threads that read, decode and write
     * @throws UserError if the folder holds something else
     * @throws org.simreg.worker.base.concurrent.Abandoned if it was told to stop; what is whole stays
     */
    public Packed pack(int threads, ProgressMonitor progress) {
        prepare();
        ExecutorService pool = NamedThreads.numbered("pack", threads);
        try {
            List<Future<Shard>> writing = new ArrayList<>();
            for (ShardPlan.Shard shard : shards) {
                writing.add(pool.submit(() -> shard(shard, progress)));
            }
            return finish(writing.stream().map(ShardPacker::result).toList());
        } finally {
            pool.shutdownNow();
        }
    }

    /** What was planned stands in a file, so that another data set's shards aren't taken for this one's. */
    private void prepare() {
        String plan = "train %s%nval %s%n%s%n"
                .formatted(
                        ImageManifest.of(data.train()).sha256(),
                        data.val().map(val -> ImageManifest.of(val).sha256()).orElse("none"),
                        settings.text());
        String found = folder.text(PLAN).orElse("");
        if (found.isEmpty()) {
            if (!folder.isEmpty()) {
                throw new UserError("--out: %s holds other files; name an empty folder".formatted(folder.place("")));
            }
            folder.write(PLAN, plan);
        } else if (!found.equals(plan)) {
            throw new UserError(
                    "--out: %s holds shards of other data or settings (see %s); name another folder, or delete it"
                            .formatted(folder.place(""), folder.place(PLAN)));
        }
    }

    /**
     * A shard that is there.
     *
     * @param line of the index
     * @param broken a line for each of its pictures that can't be used
     * @param out how many of these are left out
     */
    private record Shard(String line, List<String> broken, long out) {}

    private static boolean isLeftOut(String broken) {
        return broken.split("\t")[1].equals(LEFT_OUT);
    }

    private Shard shard(ShardPlan.Shard shard, ProgressMonitor progress) {
        Optional<FileFolder.Written> found = folder.find(shard.file());
        found.ifPresent(there -> done.addAndGet(shard.ids().length));
        FileFolder.Written written = found.orElseGet(() -> write(shard, progress));
        List<String> broken = folder.text(shard.file() + OF_SHARD)
                .map(String::lines)
                .orElse(Stream.of())
                .toList();
        long out = broken.stream().filter(ShardPacker::isLeftOut).count();
        String line = "    {\"url\": \"%s\", \"nsamples\": %d, \"filesize\": %d, \"sha256\": \"%s\"}"
                .formatted(shard.file(), shard.ids().length - out, written.bytes(), written.sha256());
        return new Shard(line, broken, out);
    }

    private FileFolder.Written write(ShardPlan.Shard shard, ProgressMonitor progress) {
        StringBuilder broken = new StringBuilder();
        return folder.write(shard.file(), channel -> {
            members(shard, channel, broken, progress);
            // Before the shard is there: a shard without it has no broken pictures.
            if (!broken.isEmpty()) {
                folder.write(shard.file() + OF_SHARD, broken.toString());
            }
        });
    }

    private void members(
            ShardPlan.Shard shard, WritableByteChannel channel, StringBuilder broken, ProgressMonitor progress)
            throws IOException {
        try (PictureCoder coder = new PictureCoder(settings)) {
            OutputStream out = new BufferedOutputStream(Channels.newOutputStream(channel), BUFFER);
            // Not closed, as it would close the channel.
            TarArchiveOutputStream tar = new TarArchiveOutputStream(out, "UTF-8");
            tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
            tar.setAddPaxHeadersForNonAsciiNames(true);
            for (int id : shard.ids()) {
                progress.next("packing", done.getAndIncrement(), total());
                PictureCoder.Coded coded = coder.code(shard.images(), id);
                String name = shard.member(id, settings.encodes());
                if (!coded.broken().isEmpty()) {
                    broken.append("%s\t%s\t%s\t%s%n"
                            .formatted(
                                    shard.file(),
                                    coded.isIn() ? KEPT : LEFT_OUT,
                                    FileNames.shown(name),
                                    coded.broken()));
                }
                if (coded.isIn()) {
                    tar.putArchiveEntry(entry(name, coded.bytes().length));
                    tar.write(coded.bytes());
                    tar.closeArchiveEntry();
                }
            }
            tar.finish();
            out.flush();
        }
    }

    /** Nothing of this machine or moment is in a header. */
    private static TarArchiveEntry entry(String name, long bytes) {
        TarArchiveEntry entry = new TarArchiveEntry(name, true);
        entry.setSize(bytes);
        entry.setModTime(new Date(0));
        entry.setUserName("");
        entry.setGroupName("");
        return entry;
    }

    private Packed finish(List<Shard> written) {
        List<String> broken =
                written.stream().flatMap(shard -> shard.broken().stream()).toList();
        if (!broken.isEmpty()) {
            folder.write(BROKEN, String.join(System.lineSeparator(), broken) + System.lineSeparator());
        }
        folder.write(
                INDEX,
                "{\n  \"__kind__\": \"wids-shard-index-v1\",\n  \"wids_version\": 1,\n  \"shardlist\": [\n%s\n  ]\n}\n"
                        .formatted(written.stream().map(Shard::line).collect(Collectors.joining(",\n"))));
        return new Packed(total() - written.stream().mapToLong(Shard::out).sum(), broken.size());
    }

    private static <T> T result(Future<T> future) {
        try {
            return future.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new CompletionException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UserError("The packing was interrupted; start it again, and it goes on", e);
        }
    }
}
