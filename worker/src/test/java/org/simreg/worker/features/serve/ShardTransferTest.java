package org.simreg.worker.features.serve;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.ShardFile;
import org.simreg.proto.ShardPart;
import org.simreg.proto.ShardsGrpc;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.Abandoned;
import org.simreg.worker.base.concurrent.RetryPause;

/** Tests of storing a shard at a coordinator that is away for a while. */
@Timeout(60)
class ShardTransferTest {
    private static final ShardFile SHARD =
            ShardFile.newBuilder().setBank("birds").setShard(3).build();

    @TempDir
    Path folder;

    private final byte[] bytes = {1, 2, 3, 4, 5};
    private final RetryPause pause = new RetryPause();
    private final AtomicInteger calls = new AtomicInteger();
    private final String name = InProcessServerBuilder.generateName();
    private Path file;
    private ManagedChannel channel;
    private ShardTransfer transfer;
    private Server server;

    @BeforeEach
    void nobodyListens() throws IOException {
        file = Files.write(folder.resolve("shard.part"), bytes);
        channel = InProcessChannelBuilder.forName(name).build();
        transfer = new ShardTransfer(channel, folder);
    }

    @AfterEach
    void close() {
        channel.shutdownNow();
        if (server != null) {
            server.shutdownNow();
        }
    }

    /** A coordinator that refuses the first calls with a status, then takes what comes. */
    private final class Coordinator extends ShardsGrpc.ShardsImplBase {
        private final Status status;
        private final int refused;

        Coordinator(Status status, int refused) {
            this.status = status;
            this.refused = refused;
        }

        @Override
        public StreamObserver<ShardPart> putShard(StreamObserver<ShardFile> client) {
            boolean takes = calls.incrementAndGet() > refused;
            if (!takes) {
                client.onError(status.asRuntimeException());
            }
            return new StreamObserver<>() {
                private ShardFile header = ShardFile.getDefaultInstance();
                private int length;

                @Override
                public void onNext(ShardPart part) {
                    header = part.hasHeader() ? part.getHeader() : header;
                    length += part.getData().size();
                }

                @Override
                public void onError(Throwable gone) {}

                @Override
                public void onCompleted() {
                    if (takes) {
                        client.onNext(
                                header.toBuilder().setPath("/home/" + length).build());
                        client.onCompleted();
                    }
                }
            };
        }
    }

    private void starts(Status status, int refused) throws IOException {
        server = InProcessServerBuilder.forName(name)
                .addService(new Coordinator(status, refused))
                .build()
                .start();
    }

    @Test
    void aShardIsStoredOnceTheCoordinatorIsBack() throws Exception {
        CompletableFuture<Void> tried = new CompletableFuture<>();
        CompletableFuture<ShardFile> stored = CompletableFuture.supplyAsync(() -> transfer.put(
                SHARD,
                file,
                () -> {
                    tried.complete(null);
                    return true;
                },
                pause));
        tried.get();
        starts(Status.RESOURCE_EXHAUSTED, 2);
        ShardFile whole = stored.get();
        assertEquals("/home/5", whole.getPath());
        assertEquals(bytes.length, whole.getLength());
        assertEquals("74f81fe167d99b4cb41d6d0ccda82278caee9f3e2f25d5e5a3936ff3dcec60d0", whole.getSha256());
        assertEquals(3, calls.get());
        assertArrayEquals(bytes, Files.readAllBytes(file));
    }

    @Test
    void whatIsGivenUpMeanwhileIsStoredNoMore() {
        Abandoned why = assertThrows(Abandoned.class, () -> transfer.put(SHARD, file, () -> false, pause));
        assertTrue(why.getMessage().startsWith("Shard 3 of the bank birds can't be stored"), why.getMessage());
        pause.end();
        assertThrows(Abandoned.class, () -> transfer.put(SHARD, file, () -> true, pause));
    }

    @Test
    void whatTheCoordinatorDoesNotWantIsNotOfferedAgain() throws Exception {
        starts(Status.FAILED_PRECONDITION, 9);
        assertThrows(Abandoned.class, () -> transfer.put(SHARD, file, () -> true, pause));
        server.shutdownNow().awaitTermination();
        starts(Status.INVALID_ARGUMENT, 9);
        assertThrows(UserError.class, () -> transfer.put(SHARD, file, () -> true, pause));
        assertEquals(2, calls.get());
    }
}
