package org.simreg.worker.features.serve;

import io.grpc.Channel;
import io.grpc.Status;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.simreg.proto.ShardFile;
import org.simreg.proto.ShardPart;
import org.simreg.proto.ShardsGrpc;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.Abandoned;
import org.simreg.worker.base.concurrent.RetryPause;
import org.simreg.worker.base.io.AtomicFile;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.Sha256;
import org.simreg.worker.data.storage.remote.FileTransfer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The transfer of shards' files from and to the coordinator. Its methods block. */
final class ShardTransfer {
    private static final Logger LOG = LoggerFactory.getLogger(ShardTransfer.class);
    private static final int MINUTES = 60;
    private static final Duration UNUSED = Duration.ofHours(1);

    /** How long a shard waits for a coordinator that takes it. */
    private static final Duration STORING = Duration.ofMinutes(10);

    private static final long AGAIN_MS = 500;

    private final Channel channel;
    private final Path cache;

    /**
     * @param cache folder for copies of files that this worker doesn't see
     */
    ShardTransfer(Channel channel, Path cache) {
        this.channel = channel;
        this.cache = cache;
    }

    /**
     * The file from which this worker can read a shard: at the coordinator's own place, or a copy,
     * which is fetched once.
     *
     * @throws UserError if the coordinator doesn't give it, or what came is not it
     */
    Path here(ShardFile shard) {
        Path own = Path.of(shard.getPath());
        if (isWhole(own, shard)) {
            return own;
        }
        Path copy = cache.resolve(copyName(shard));
        if (!isWhole(copy, shard)) {
            fetch(shard, copy);
        }
        return copy;
    }

    /** Whether a file is there in full length; its content is checked when it is opened. */
    private static boolean isWhole(Path file, ShardFile shard) {
        try {
            return Files.isReadable(file) && Files.size(file) == shard.getLength();
        } catch (IOException absent) {
            return false;
        }
    }

    private void fetch(ShardFile shard, Path copy) {
        AtomicFile.write(copy, file -> {
            Sha256 sha = new Sha256();
            receive(shard, sha.through(Channels.newOutputStream(file)));
            if (!sha.hex().equals(shard.getSha256())) {
                throw new UserError(
                        "Shard %d of the bank %s came damaged from the coordinator; it will be fetched again"
                                .formatted(shard.getShard(), shard.getBank()));
            }
        });
    }

    private void receive(ShardFile shard, OutputStream out) throws IOException {
        try {
            FileTransfer.get(
                    () -> ShardsGrpc.newBlockingStub(channel)
                            .withDeadlineAfter(MINUTES, TimeUnit.MINUTES)
                            .getShard(shard),
                    parts -> FileTransfer.copy(parts, ShardPart::getData, shard.getLength(), out),
                    (status, e) -> failure(shard, "fetched from", status, e));
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    /**
     * Stores a file at the coordinator, as soon as there is one that takes it: what was embedded is worth a wait.
     *
     * @param shard without length and digest
     * @param wanted whether it still is
     * @return with them
     * @throws Abandoned if there is no coordinator for ten minutes, or it doesn't want the file any more
     * @throws UserError if it can't be stored
     */
    ShardFile put(ShardFile shard, Path file, BooleanSupplier wanted, RetryPause pause) {
        ShardFile whole = whole(shard, file);
        long begun = System.nanoTime();
        while (true) {
            try {
                return put(whole, file);
            } catch (Away away) {
                if (!wanted.getAsBoolean() || System.nanoTime() - begun > STORING.toNanos()) {
                    throw new Abandoned(away.getMessage());
                }
                LOG.info("{}; it is tried again", away.getMessage());
                pause.pause(AGAIN_MS);
            }
        }
    }

    private ShardFile put(ShardFile whole, Path file) {
        return FileTransfer.put(
                ShardsGrpc.newBlockingV2Stub(channel)
                        .withDeadlineAfter(MINUTES, TimeUnit.MINUTES)
                        .putShard(),
                new FileTransfer.Upload<>(
                        ShardPart.newBuilder().setHeader(whole).build(),
                        data -> ShardPart.newBuilder().setData(data).build(),
                        out -> Files.copy(file, out)),
                (status, e) -> switch (status.getCode()) {
                    case FAILED_PRECONDITION, NOT_FOUND ->
                        new Abandoned("the coordinator doesn't want the shard any more: " + status.getDescription());
                    case UNAVAILABLE, CANCELLED, ABORTED, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, DATA_LOSS ->
                        new Away(failure(whole, "stored at", status, e));
                    default -> failure(whole, "stored at", status, e);
                });
    }

    /** The failure of a transfer because the coordinator is away for a while, or busy. */
    private static final class Away extends RuntimeException {
        private static final long serialVersionUID = 1;

        Away(UserError why) {
            super(why.getMessage(), why);
        }
    }

    /**
     * Deletes copies, and rests of a killed process, that nobody has used for an hour. Workers may share the folder, so
     * each marks what it uses.
     *
     * @param used shards that this worker keeps
     */
    void prune(Collection<ShardFile> used) {
        Set<String> names = used.stream().map(ShardTransfer::copyName).collect(Collectors.toSet());
        FileTime now = FileTime.from(Instant.now());
        try (DirectoryStream<Path> all = Files.newDirectoryStream(cache)) {
            for (Path file : all) {
                long unused = now.toMillis() - Files.getLastModifiedTime(file).toMillis();
                if (names.contains(file.getFileName().toString())) {
                    if (unused > UNUSED.toMillis() / 2) {
                        Files.setLastModifiedTime(file, now);
                    }
                } else if (unused > UNUSED.toMillis() && isOurs(file)) {
                    Files.deleteIfExists(file);
                    LOG.info("{} is deleted: no bank needs it any more", file);
                }
            }
        } catch (NoSuchFileException absent) {
            LOG.debug("Nothing was copied, or another worker was faster", absent);
        } catch (IOException e) {
            LOG.warn("Copies of shards in {} can't be deleted: {}", cache, Disk.reason(e));
        }
    }

    private static boolean isOurs(Path file) {
        return file.getFileName().toString().matches(".*\\.(bank|part|tmp)") && Files.isRegularFile(file);
    }

    private static String copyName(ShardFile shard) {
        return shard.getSha256() + ".bank";
    }

    private static ShardFile whole(ShardFile shard, Path file) {
        try {
            return shard.toBuilder()
                    .setLength(Files.size(file))
                    .setSha256(Sha256.of(file))
                    .build();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static UserError failure(ShardFile shard, String done, Status status, Exception e) {
        return new UserError(
                "Shard %d of the bank %s can't be %s the coordinator: %s"
                        .formatted(shard.getShard(), shard.getBank(), done, status),
                e);
    }
}
