package org.simreg.worker.serve;

import com.google.protobuf.UnsafeByteOperations;
import io.grpc.Channel;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.BlockingClientCall;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.concurrent.TimeUnit;
import org.simreg.proto.ShardFile;
import org.simreg.proto.ShardPart;
import org.simreg.proto.ShardsGrpc;
import org.simreg.proto.UserError;
import org.simreg.worker.checkpoint.AtomicFile;
import org.simreg.worker.reduce.Abandoned;

/** Files of shards to and from the coordinator. Its methods block. */
final class ShardRoad {
    private static final int PART = 1 << 18;
    private static final int MINUTES = 60;

    private final Channel channel;
    private final Path cache;

    /**
     * @param cache folder for copies of files that this worker doesn't see
     */
    ShardRoad(Channel channel, Path cache) {
        this.channel = channel;
        this.cache = cache;
    }

    /**
     * Where this worker can read a shard: at the coordinator's own place, or a copy, which is
     * fetched once.
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

    /** What is in it is checked when it is opened. */
    private static boolean isWhole(Path file, ShardFile shard) {
        try {
            return Files.isReadable(file) && Files.size(file) == shard.getLength();
        } catch (IOException absent) {
            return false;
        }
    }

    private void fetch(ShardFile shard, Path copy) {
        AtomicFile.write(
                copy,
                out -> {
                    MessageDigest sha = sha256();
                    try {
                        Iterator<ShardPart> parts =
                                ShardsGrpc.newBlockingStub(channel)
                                        .withDeadlineAfter(MINUTES, TimeUnit.MINUTES)
                                        .getShard(shard);
                        while (parts.hasNext()) {
                            var data = parts.next().getData().asReadOnlyByteBuffer();
                            sha.update(data.duplicate());
                            while (data.hasRemaining()) {
                                out.write(data);
                            }
                        }
                    } catch (StatusRuntimeException e) {
                        throw new UserError(
                                "Shard %d of the bank %s can't be fetched from the coordinator: %s"
                                        .formatted(
                                                shard.getShard(), shard.getBank(), e.getStatus()),
                                e);
                    }
                    if (!HexFormat.of().formatHex(sha.digest()).equals(shard.getSha256())) {
                        throw new UserError(
                                "Shard %d of the bank %s came damaged from the coordinator; it will be fetched again"
                                        .formatted(shard.getShard(), shard.getBank()));
                    }
                });
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
        BlockingClientCall<ShardPart, ShardFile> call =
                ShardsGrpc.newBlockingV2Stub(channel)
                        .withDeadlineAfter(MINUTES, TimeUnit.MINUTES)
                        .putShard();
        try (InputStream in = Files.newInputStream(file)) {
            ShardFile whole =
                    shard.toBuilder().setLength(Files.size(file)).setSha256(sha256(file)).build();
            boolean open = call.write(ShardPart.newBuilder().setHeader(whole).build());
            while (open) {
                byte[] part = in.readNBytes(PART);
                if (part.length == 0) {
                    break;
                }
                var data = UnsafeByteOperations.unsafeWrap(part);
                open = call.write(ShardPart.newBuilder().setData(data).build());
            }
            call.halfClose();
            return call.read();
        } catch (StatusException e) {
            throw new UserError(
                    "Shard %d of the bank %s can't be stored at the coordinator: %s"
                            .formatted(shard.getShard(), shard.getBank(), e.getStatus()),
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            call.cancel("interrupted", e);
            throw new Abandoned("interrupted while a shard was stored");
        } catch (IOException e) {
            call.cancel("the file can't be read", e);
            throw new UncheckedIOException(e);
        }
    }

    private static String sha256(Path file) throws IOException {
        MessageDigest sha = sha256();
        try (InputStream in = Files.newInputStream(file)) {
            byte[] part = new byte[PART];
            for (int n = in.read(part); n >= 0; n = in.read(part)) {
                sha.update(part, 0, n);
            }
        }
        return HexFormat.of().formatHex(sha.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
