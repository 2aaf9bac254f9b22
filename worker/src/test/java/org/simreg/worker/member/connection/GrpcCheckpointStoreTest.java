package org.simreg.worker.member.connection;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.simreg.proto.CheckpointHeader;
import org.simreg.proto.CheckpointPart;
import org.simreg.proto.CheckpointWanted;
import org.simreg.proto.WorkersGrpc;
import org.simreg.worker.member.generation.CheckpointStore.Unreachable;

/** Tests of checkpoints that can't be written where they arrive. */
@Timeout(60)
class GrpcCheckpointStoreTest {
    /** A server that gives parts as long as they are asked for. */
    private static final class Endless extends WorkersGrpc.WorkersImplBase {
        private final CountDownLatch cancelled = new CountDownLatch(1);

        @Override
        public void getCheckpoint(CheckpointWanted wanted, StreamObserver<CheckpointPart> answer) {
            ServerCallStreamObserver<CheckpointPart> call = (ServerCallStreamObserver<CheckpointPart>) answer;
            call.setOnCancelHandler(cancelled::countDown);
            call.onNext(CheckpointPart.newBuilder()
                    .setHeader(CheckpointHeader.newBuilder().setStep(7).setLength(1L << 40))
                    .build());
            CheckpointPart part = CheckpointPart.newBuilder()
                    .setData(ByteString.copyFrom(new byte[1 << 16]))
                    .build();
            call.setOnReadyHandler(() -> {
                while (call.isReady() && !call.isCancelled()) {
                    call.onNext(part);
                }
            });
        }
    }

    @Test
    void onAFullDiskTheCallEndsAndMayBeMadeAgain() throws IOException, InterruptedException {
        Endless endless = new Endless();
        String name = UUID.randomUUID().toString();
        Server server =
                InProcessServerBuilder.forName(name).addService(endless).build().start();
        ManagedChannel channel = InProcessChannelBuilder.forName(name).build();
        try {
            GrpcCheckpointStore store = new GrpcCheckpointStore(channel);
            Unreachable full = assertThrows(Unreachable.class, () -> store.get("job", 7, Path.of("/dev/full")));
            assertTrue(
                    full.getMessage().contains("step 7 can't be written to /dev/full: No space left"),
                    full.getMessage());
            assertTrue(endless.cancelled.await(30, TimeUnit.SECONDS), "the coordinator keeps no file open for it");
        } finally {
            channel.shutdownNow();
            server.shutdownNow().awaitTermination();
        }
    }
}
