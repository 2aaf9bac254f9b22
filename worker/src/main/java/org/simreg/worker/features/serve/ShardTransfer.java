package org.simreg.worker.features.serve;

import io.grpc.Channel;
import io.grpc.Status;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.simreg.proto.ShardFile;
import org.simreg.proto.ShardPart;
import org.simreg.proto.ShardsGrpc;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.Abandoned;
import org.simreg.worker.base.io.AtomicFile;
import org.simreg.worker.base.io.Sha256;
import org.simreg.worker.data.storage.remote.FileTransfer;

/** The transfer of shards' files from and to the coordinator. Its methods block. */
final class ShardTransfer {
    private static final int MINUTES = 60;

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
        Path copy = cache.resolve(shard.getSha256() + ".bank");
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
     * Stores a file at the coordinator.
     *
     * @param shard without length and digest
     * @return with them
     * @throws Abandoned if the coordinator doesn't want it any more
     * @throws UserError if it can't be stored
     */
    ShardFile put(ShardFile shard, Path file) {
        ShardFile whole = whole(shard, file);
        return FileTransfer.put(
                ShardsGrpc.newBlockingV2Stub(channel)
                        .withDeadlineAfter(MINUTES, TimeUnit.MINUTES)
                        .putShard(),
                new FileTransfer.Upload<>(
                        ShardPart.newBuilder().setHeader(whole).build(),
                        data -> ShardPart.newBuilder().setData(data).build(),
                        out -> Files.copy(file, out)),
                (status, e) -> failure(shard, "stored at", status, e));
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
