package org.simreg.worker.data.pack;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.NamedThreads;
import org.simreg.worker.base.concurrent.ProgressMonitor;
import org.simreg.worker.base.io.AtomicFile;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.FileNames;
import org.simreg.worker.base.io.Sha256;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.ImageManifest;

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
    private final Path folder;
    private final List<ShardPlan.Shard> shards;
    private final AtomicLong done = new AtomicLong();

    /**
     * Plans the shards; looks at the size of every file.
     *
     * @param folder that takes the shards; made if absent
     */
    public ShardPacker(ImageDataset data, PackSettings settings, Path folder) {
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
            List<Future<?>> writing = new ArrayList<>();
            for (ShardPlan.Shard shard : shards) {
                writing.add(pool.submit(() -> write(shard, progress)));
            }
            writing.forEach(ShardPacker::result);
            List<Future<String>> lines =
                    shards.stream().map(shard -> pool.submit(() -> line(shard))).toList();
            return finish(lines.stream().map(ShardPacker::result).toList());
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
        Path file = folder.resolve(PLAN);
        Disk.write(folder, () -> Files.createDirectories(folder));
        String found = Disk.read(file, () -> Files.exists(file) ? Files.readString(file) : "");
        if (found.isEmpty()) {
            boolean others = Disk.read(folder, () -> {
                try (Stream<Path> entries = Files.list(folder)) {
                    return entries.findAny().isPresent();
                }
            });
            if (others) {
                throw new UserError("--out: %s holds other files; name an empty folder".formatted(folder));
            }
            write(file, plan);
        } else if (!found.equals(plan)) {
            throw new UserError(
                    "--out: %s holds shards of other data or settings (see %s); name another folder, or delete it"
                            .formatted(folder, file));
        }
    }

    private static void write(Path file, String text) {
        Disk.write(
                file,
                () -> AtomicFile.write(
                        file,
                        channel -> AtomicFile.put(channel, ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)))));
    }

    private void write(ShardPlan.Shard shard, ProgressMonitor progress) {
        Path file = folder.resolve(shard.file());
        if (Files.exists(file)) {
            done.addAndGet(shard.ids().length);
            return;
        }
        StringBuilder broken = new StringBuilder();
        Disk.write(
                file,
                () -> AtomicFile.write(file, channel -> {
                    members(shard, channel, broken, progress);
                    // Before the shard is there: a shard without it has no broken pictures.
                    if (!broken.isEmpty()) {
                        write(folder.resolve(shard.file() + OF_SHARD), broken.toString());
                    }
                }));
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

    /** A shard's line of the index. */
    private String line(ShardPlan.Shard shard) throws IOException {
        Path file = folder.resolve(shard.file());
        long out = lines(shard).stream()
                .filter(line -> line.split("\t")[1].equals(LEFT_OUT))
                .count();
        return "    {\"url\": \"%s\", \"nsamples\": %d, \"filesize\": %d, \"sha256\": \"%s\"}"
                .formatted(shard.file(), shard.ids().length - out, Files.size(file), Sha256.of(file));
    }

    private List<String> lines(ShardPlan.Shard shard) {
        Path file = folder.resolve(shard.file() + OF_SHARD);
        return Disk.read(file, () -> Files.exists(file) ? Files.readAllLines(file) : List.of());
    }

    private Packed finish(List<String> lines) {
        List<String> broken =
                shards.stream().flatMap(shard -> lines(shard).stream()).toList();
        if (!broken.isEmpty()) {
            write(folder.resolve(BROKEN), String.join(System.lineSeparator(), broken) + System.lineSeparator());
        }
        write(
                folder.resolve(INDEX),
                "{\n  \"__kind__\": \"wids-shard-index-v1\",\n  \"wids_version\": 1,\n  \"shardlist\": [\n%s\n  ]\n}\n"
                        .formatted(String.join(",\n", lines)));
        long out = broken.stream()
                .filter(line -> line.split("\t")[1].equals(LEFT_OUT))
                .count();
        return new Packed(total() - out, broken.size());
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
