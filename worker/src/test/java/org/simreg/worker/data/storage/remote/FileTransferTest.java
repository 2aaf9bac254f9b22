package org.simreg.worker.data.storage.remote;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.simreg.proto.CheckpointHeader;
import org.simreg.proto.CheckpointPart;
import org.simreg.proto.CheckpointStored;
import org.simreg.proto.CheckpointWanted;
import org.simreg.proto.WorkersGrpc;
import org.simreg.worker.base.concurrent.Abandoned;

@Timeout(60)
class FileTransferTest {
    private static final CheckpointPart HEADER = CheckpointPart.newBuilder()
            .setHeader(CheckpointHeader.newBuilder().setStep(7))
            .build();
    private static final FileTransfer.Content ENDLESS = out -> {
        while (true) {
            out.write(new byte[1000]);
        }
    };

    private final Receiver receiver = new Receiver();
    private Server server;
    private ManagedChannel channel;

    /** A server that takes all parts, or as it is told, and leaves what it gives without an end. */
    private static final class Receiver extends WorkersGrpc.WorkersImplBase {
        final List<CheckpointPart> parts = new CopyOnWriteArrayList<>();
        final CountDownLatch cancelled = new CountDownLatch(1);
        volatile boolean refuses;
        volatile boolean reads = true;

        @Override
        public StreamObserver<CheckpointPart> putCheckpoint(StreamObserver<CheckpointStored> answer) {
            if (!reads) {
                ((ServerCallStreamObserver<CheckpointStored>) answer).disableAutoRequest();
            }
            return new StreamObserver<>() {
                @Override
                public void onNext(CheckpointPart part) {
                    parts.add(part);
                    if (refuses && parts.size() == 1) {
                        Status over = Status.FAILED_PRECONDITION.withDescription("it is over");
                        answer.onError(over.asRuntimeException());
                    }
                }

                @Override
                public void onError(Throwable e) {
                    cancelled.countDown();
                }

                @Override
                public void onCompleted() {
                    answer.onNext(CheckpointStored.newBuilder().setStep(7).build());
                    answer.onCompleted();
                }
            };
        }

        @Override
        public void getCheckpoint(CheckpointWanted wanted, StreamObserver<CheckpointPart> to) {
            var call = (ServerCallStreamObserver<CheckpointPart>) to;
            call.setOnCancelHandler(cancelled::countDown);
            call.onNext(HEADER);
            if (refuses) {
                call.onError(Status.NOT_FOUND.withDescription("no such step").asException());
            }
        }
    }

    @BeforeEach
    void start() throws IOException {
        String name = UUID.randomUUID().toString();
        server = InProcessServerBuilder.forName(name)
                .addService(receiver)
                .build()
                .start();
        channel = InProcessChannelBuilder.forName(name).build();
    }

    @AfterEach
    void stop() {
        channel.shutdownNow();
        server.shutdownNow();
    }

    private CheckpointStored put(FileTransfer.Content content) {
        return FileTransfer.put(
                WorkersGrpc.newBlockingV2Stub(channel).putCheckpoint(),
                new FileTransfer.Upload<>(
                        HEADER,
                        data -> CheckpointPart.newBuilder().setData(data).build(),
                        content),
                (status, e) -> new IllegalStateException(status.getDescription(), e));
    }

    private Iterator<CheckpointPart> parts() {
        return WorkersGrpc.newBlockingStub(channel).getCheckpoint(CheckpointWanted.getDefaultInstance());
    }

    private void awaitCancel() throws InterruptedException {
        assertTrue(receiver.cancelled.await(30, TimeUnit.SECONDS), "the call is still open");
    }

    @Test
    void aFileComesAfterItsHeaderInPartsOfBoundedSize() throws IOException {
        byte[] file = new byte[600_001];
        new SplittableRandom(1).nextBytes(file);
        CheckpointStored stored = put(out -> {
            out.write(file[0]);
            out.write(file, 1, 300_000);
            out.write(file, 300_001, 300_000);
        });
        assertEquals(7, stored.getStep());
        assertEquals(HEADER, receiver.parts.get(0));
        assertEquals(4, receiver.parts.size());
        ByteArrayOutputStream came = new ByteArrayOutputStream();
        for (CheckpointPart part : receiver.parts) {
            assertTrue(part.getData().size() <= 1 << 18);
            part.getData().writeTo(came);
        }
        assertArrayEquals(file, came.toByteArray());
    }

    @Test
    void aRefusalEndsTheFileAndSaysWhy() {
        receiver.refuses = true;
        String reason =
                assertThrows(IllegalStateException.class, () -> put(ENDLESS)).getMessage();
        assertEquals("it is over", reason);
    }

    @Test
    void aFileThatCantBeReadLeavesNoCallBehind() throws InterruptedException {
        IOException broken = new IOException("broken disk");
        UncheckedIOException thrown = assertThrows(
                UncheckedIOException.class,
                () -> put(out -> {
                    out.write(new byte[300_000]);
                    throw broken;
                }));
        assertSame(broken, thrown.getCause());
        awaitCancel();
    }

    @Test
    void anInterruptedSenderGivesUpAndStaysInterrupted() throws InterruptedException {
        receiver.reads = false;
        Thread.currentThread().interrupt();
        assertThrows(Abandoned.class, () -> put(ENDLESS));
        assertTrue(Thread.interrupted());
        awaitCancel();
    }

    @Test
    void aTakerThatLeavesHangsUp() throws InterruptedException {
        IOException full = new IOException("no room");
        IOException thrown = assertThrows(
                IOException.class,
                () -> FileTransfer.get(this::parts, parts -> {
                    assertEquals(HEADER, parts.next());
                    throw full;
                }));
        assertSame(full, thrown);
        awaitCancel();
    }

    @Test
    void aFailedAnswerBecomesASentence() {
        receiver.refuses = true;
        IllegalStateException thrown = assertThrows(
                IllegalStateException.class,
                () -> FileTransfer.get(
                        this::parts,
                        parts -> {
                            parts.forEachRemaining(part -> {});
                            return true;
                        },
                        (status, e) -> new IllegalStateException(status.getDescription(), e)));
        assertEquals("no such step", thrown.getMessage());
    }

    @Test
    void whatIsLongerThanAnnouncedIsNotWrittenToTheEnd() throws IOException {
        Iterator<ByteString> parts =
                Stream.of("ab", "cd", "ef", "gh").map(ByteString::copyFromUtf8).iterator();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        assertEquals(6, FileTransfer.copy(parts, part -> part, 5, out));
        assertEquals("abcd", out.toString(StandardCharsets.UTF_8));
        assertTrue(parts.hasNext());
    }
}
