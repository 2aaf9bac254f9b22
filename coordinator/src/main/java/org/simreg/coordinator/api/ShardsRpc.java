package org.simreg.coordinator.api;

import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.simreg.proto.ShardFile;
import org.simreg.proto.ShardPart;
import org.simreg.proto.ShardsGrpc;

/** The service {@code Shards}: files of banks, to and from workers. */
public final class ShardsRpc extends ShardsGrpc.ShardsImplBase {
    private final BankDesk desk;
    private final Executor search;
    private final Executor files;

    /**
     * @param search runs tasks one after the other on the desk's thread
     * @param files runs what reads and writes files
     */
    public ShardsRpc(BankDesk desk, Executor search, Executor files) {
        this.desk = desk;
        this.search = search;
        this.files = files;
    }

    @Override
    public void getShard(ShardFile asked, StreamObserver<ShardPart> parts) {
        ServerCallStreamObserver<ShardPart> call = (ServerCallStreamObserver<ShardPart>) parts;
        CompletableFuture<Path> found = new CompletableFuture<>();
        search.execute(
                () -> {
                    try {
                        found.complete(desk.shard(asked));
                    } catch (RuntimeException e) {
                        found.completeExceptionally(e);
                    }
                });
        Outflow.start(
                call,
                files,
                () -> {
                    Path path = found.join();
                    try {
                        return new ShardParts(asked, path);
                    } catch (IOException e) {
                        throw Status.NOT_FOUND
                                .withDescription(
                                        "The shard %s can't be read: %s".formatted(path, e))
                                .asRuntimeException();
                    }
                },
                () -> {});
    }

    @Override
    public StreamObserver<ShardPart> putShard(StreamObserver<ShardFile> answer) {
        return new ShardArrival(desk, search, files, Answers.observed(answer));
    }
}
