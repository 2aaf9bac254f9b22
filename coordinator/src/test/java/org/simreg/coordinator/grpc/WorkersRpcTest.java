package org.simreg.coordinator.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.control.FakeWorkerService;
import org.simreg.proto.CheckpointHeader;
import org.simreg.proto.CheckpointPart;
import org.simreg.proto.CheckpointStored;
import org.simreg.proto.CheckpointWanted;
import org.simreg.proto.Drop;
import org.simreg.proto.Heartbeat;
import org.simreg.proto.Hello;
import org.simreg.proto.Order;
import org.simreg.proto.Refused;
import org.simreg.proto.Report;
import org.simreg.proto.Told;
import org.simreg.proto.Trained;
import org.simreg.proto.WorkersGrpc;

@Timeout(60)
class WorkersRpcTest {
    @TempDir
    Path folder;

    private final Served served = Served.onPort();

    @AfterEach
    void close() {
        served.workers.uploads.forEach(upload -> upload.writes.release(1000));
        served.close();
    }

    private StreamObserver<Report> attend(Received<Order> orders) {
        return WorkersGrpc.newStub(served.channel).attend(orders);
    }

    private static Report hello(String worker, String version) {
        Hello.Builder hello = Hello.newBuilder().setWorker(worker).setVersion(version);
        return Report.newBuilder().setHello(hello).build();
    }

    private static Report told(String text) {
        return Report.newBuilder().setTold(Told.newBuilder().setText(text)).build();
    }

    private void awaitHeard(String... lines) throws Exception {
        served.await("heard", () -> served.workers.heard.size() >= lines.length);
        assertEquals(List.of(lines), served.call(() -> List.copyOf(served.workers.heard)));
    }

    @Test
    void reportsArriveInTheirOrderAndOrdersGoDown() throws Exception {
        Received<Order> orders = new Received<>();
        StreamObserver<Report> reports = attend(orders);
        reports.onNext(hello("w1", "1"));
        assertEquals(250, orders.next().getWelcome().getHeartbeatMs());
        String[] expected = new String[201];
        expected[0] = "hello w1";
        for (int i = 1; i < expected.length; i++) {
            reports.onNext(told("" + i));
            expected[i] = "told " + i;
        }
        awaitHeard(expected);
        served.run(() -> served.workers.lines.get(0).send(drop()));
        assertEquals("bye", orders.next().getDrop().getReason());
    }

    private static Order drop() {
        return Order.newBuilder().setDrop(Drop.newBuilder().setReason("bye")).build();
    }

    @Test
    void aWorkerThatClosesItsStreamIsLost() throws Exception {
        Received<Order> orders = new Received<>();
        StreamObserver<Report> reports = attend(orders);
        reports.onNext(hello("w1", "1"));
        reports.onCompleted();
        Served.soon(orders.end);
        awaitHeard("hello w1", "lost w1: the worker closed its stream");
        served.run(() -> served.workers.lines.get(0).send(drop()));
    }

    @Test
    void aBrokenStreamIsALostWorkerAndOrdersToItAreDropped() throws Exception {
        Received<Order> orders = new Received<>();
        StreamObserver<Report> reports = attend(orders);
        reports.onNext(hello("w1", "1"));
        orders.next();
        ((ClientCallStreamObserver<Report>) reports).cancel("the cable", null);
        served.await("lost", () -> served.workers.heard.size() == 2);
        assertTrue(served.call(() -> served.workers.heard.get(1)).startsWith("lost w1: the stream"));
        served.run(() -> served.workers.lines.get(0).send(drop()));
        served.run(() -> served.workers.lines.get(0).end(late()));
        assertEquals(2, (int) served.call(() -> served.workers.heard.size()));
    }

    private static Refused late() {
        return new Refused(Refused.Kind.UNAVAILABLE, "Nothing was heard for 1500 ms");
    }

    @Test
    void aStreamThatTheDeskEndsIsNotReportedAsLost() throws Exception {
        Received<Order> orders = new Received<>();
        StreamObserver<Report> reports = attend(orders);
        reports.onNext(hello("w1", "1"));
        orders.next();
        served.run(() -> served.workers.lines.get(0).end(late()));
        assertEquals(
                "Nothing was heard for 1500 ms", orders.status().getStatus().getDescription());
        reports.onNext(told("still here"));
        awaitHeard("hello w1");
    }

    @Test
    void onlyHelloOpensAStreamAndOnlyOnce() throws Exception {
        Received<Order> mute = new Received<>();
        attend(mute)
                .onNext(Report.newBuilder()
                        .setHeartbeat(Heartbeat.getDefaultInstance())
                        .build());
        assertEquals(Code.INVALID_ARGUMENT, mute.status().getStatus().getCode());
        assertTrue(mute.status().getStatus().getDescription().contains("heartbeat"));
        Received<Order> empty = new Received<>();
        attend(empty).onNext(Report.getDefaultInstance());
        assertEquals(Code.INVALID_ARGUMENT, empty.status().getStatus().getCode());
        Received<Order> twice = new Received<>();
        StreamObserver<Report> reports = attend(twice);
        reports.onNext(hello("w1", "1"));
        reports.onNext(hello("w2", "1"));
        assertEquals(Code.INVALID_ARGUMENT, twice.status().getStatus().getCode());
        served.await("lost", () -> served.workers.heard.size() == 2);
    }

    @Test
    void aWorkerThatMayNotAttendIsToldWhy() throws Exception {
        Received<Order> old = new Received<>();
        attend(old).onNext(hello("w1", "0"));
        assertEquals(Code.FAILED_PRECONDITION, old.status().getStatus().getCode());
        attend(new Received<>()).onNext(hello("w1", "1"));
        awaitHeard("hello w1");
        Received<Order> twin = new Received<>();
        attend(twin).onNext(hello("w1", "1"));
        assertEquals(Code.ALREADY_EXISTS, twin.status().getStatus().getCode());
    }

    @Test
    void aReportThatIsRefusedEndsItsStreamAndNoOther() throws Exception {
        Received<Order> one = new Received<>();
        Received<Order> two = new Received<>();
        StreamObserver<Report> first = attend(one);
        first.onNext(hello("w1", "1"));
        one.next();
        StreamObserver<Report> second = attend(two);
        second.onNext(hello("w2", "1"));
        two.next();
        first.onNext(
                Report.newBuilder().setTrained(Trained.getDefaultInstance()).build());
        assertEquals("Nothing was trained", one.status().getStatus().getDescription());
        second.onNext(told("alive"));
        awaitHeard("hello w1", "hello w2", "lost w1: its report was refused: Nothing was trained", "told alive");
    }

    private static CheckpointPart header(long generation, long length) {
        CheckpointHeader.Builder header =
                CheckpointHeader.newBuilder().setJob("j").setStep(7);
        header.setGeneration(generation).setLength(length);
        return CheckpointPart.newBuilder().setHeader(header).build();
    }

    private static CheckpointPart data(int bytes) {
        return CheckpointPart.newBuilder()
                .setData(ByteString.copyFrom(new byte[bytes]))
                .build();
    }

    private StreamObserver<CheckpointPart> put(Received<CheckpointStored> stored) {
        return WorkersGrpc.newStub(served.channel).putCheckpoint(stored);
    }

    private FakeWorkerService.Arriving upload() throws Exception {
        served.await("begun", () -> !served.workers.uploads.isEmpty());
        return served.call(() -> served.workers.uploads.get(0));
    }

    @Test
    void aCheckpointIsStoredWithItsBytesOffTheCoordinatorsThread() throws Exception {
        Received<CheckpointStored> stored = new Received<>();
        StreamObserver<CheckpointPart> parts = put(stored);
        parts.onNext(header(1, 30));
        FakeWorkerService.Arriving upload = upload();
        upload.writes.release(100);
        for (int i = 0; i < 3; i++) {
            parts.onNext(data(10));
        }
        parts.onCompleted();
        Served.soon(stored.end);
        assertEquals(7, stored.next().getStep());
        assertEquals(30, upload.bytes.size());
        assertTrue(upload.kept && upload.closed);
        assertTrue(upload.thread.startsWith("simreg-files"), upload.thread);
    }

    @Test
    void aSlowDiskHoldsTheWorkerBack() throws Exception {
        Received<CheckpointStored> stored = new Received<>();
        ClientCallStreamObserver<CheckpointPart> parts = (ClientCallStreamObserver<CheckpointPart>) put(stored);
        parts.onNext(header(1, 0));
        FakeWorkerService.Arriving upload = upload();
        int sent = 0;
        while (parts.isReady() && sent < 1000) {
            parts.onNext(data(256 << 10));
            sent++;
        }
        served.await("writing", () -> upload.asked.get() == 1);
        assertTrue(sent < 100, sent + " parts of 256 KiB were taken while the disk stood still");
        parts.cancel("enough", null);
        upload.writes.release(1000);
        served.await("forgotten", () -> upload.closed);
        assertFalse(upload.kept);
    }

    @Test
    void aCheckpointOfASupersededGenerationIsRefusedBeforeAndAfterItsBytes() throws Exception {
        Received<CheckpointStored> before = new Received<>();
        put(before).onNext(header(0, 10));
        assertEquals(Code.FAILED_PRECONDITION, before.status().getStatus().getCode());
        Received<CheckpointStored> after = new Received<>();
        StreamObserver<CheckpointPart> parts = put(after);
        parts.onNext(header(13, 0));
        parts.onCompleted();
        assertEquals(
                "Generation 13 is superseded by now", after.status().getStatus().getDescription());
        FakeWorkerService.Arriving upload = upload();
        served.await("forgotten", () -> upload.closed);
        assertFalse(upload.kept);
    }

    @Test
    void aCheckpointThatIsNotWhatWasAnnouncedIsDataLoss() throws Exception {
        Received<CheckpointStored> torn = new Received<>();
        StreamObserver<CheckpointPart> parts = put(torn);
        parts.onNext(header(1, 11));
        upload().writes.release(10);
        parts.onNext(data(10));
        parts.onCompleted();
        assertEquals(Code.DATA_LOSS, torn.status().getStatus().getCode());
        FakeWorkerService.Arriving upload = upload();
        served.await("forgotten", () -> upload.closed);
    }

    @Test
    void aShortageOfDescriptorsIsToBeTriedAgain() throws Exception {
        Received<CheckpointStored> later = new Received<>();
        StreamObserver<CheckpointPart> parts = put(later);
        parts.onNext(header(14, 11));
        upload().writes.release(10);
        parts.onNext(data(11));
        assertEquals(Code.UNAVAILABLE, later.status().getStatus().getCode());
        String sentence = later.status().getStatus().getDescription();
        assertTrue(sentence.contains("step-14.tmp failed: Too many open files"), sentence);
    }

    @Test
    void aCheckpointWithoutItsHeaderIsInvalid() {
        Received<CheckpointStored> headless = new Received<>();
        put(headless).onNext(data(3));
        assertEquals(Code.INVALID_ARGUMENT, headless.status().getStatus().getCode());
        Received<CheckpointStored> nothing = new Received<>();
        put(nothing).onCompleted();
        assertEquals(Code.INVALID_ARGUMENT, nothing.status().getStatus().getCode());
        Received<CheckpointStored> twice = new Received<>();
        StreamObserver<CheckpointPart> parts = put(twice);
        parts.onNext(header(1, 10));
        parts.onNext(header(1, 10));
        assertEquals(Code.INVALID_ARGUMENT, twice.status().getStatus().getCode());
    }

    private byte[] store(int bytes, int missing) throws IOException {
        byte[] content = new byte[bytes];
        new Random(1).nextBytes(content);
        served.workers.stored = Files.write(folder.resolve("step-7.safetensors"), content);
        served.workers.storedLength = (long) bytes + missing;
        return content;
    }

    private Iterator<CheckpointPart> get() {
        CheckpointWanted wanted =
                CheckpointWanted.newBuilder().setJob("j").setStep(7).build();
        return WorkersGrpc.newBlockingStub(served.channel).getCheckpoint(wanted);
    }

    @Test
    void aStoredCheckpointComesBackByteForByte() throws IOException {
        for (int bytes : new int[] {0, 1, 256 << 10, 3_000_001}) {
            byte[] content = store(bytes, 0);
            Iterator<CheckpointPart> parts = get();
            assertEquals(bytes, parts.next().getHeader().getLength());
            ByteArrayOutputStream received = new ByteArrayOutputStream();
            parts.forEachRemaining(part -> received.writeBytes(part.getData().toByteArray()));
            assertTrue(Arrays.equals(content, received.toByteArray()), bytes + " bytes");
        }
    }

    @Test
    void aCheckpointIsReadToItsEndThoughANewerOneReplacesIt() throws IOException {
        byte[] content = store(32 << 20, 0);
        Iterator<CheckpointPart> parts = get();
        assertEquals(content.length, parts.next().getHeader().getLength());
        Files.delete(served.workers.stored);
        ByteArrayOutputStream received = new ByteArrayOutputStream();
        parts.forEachRemaining(part -> received.writeBytes(part.getData().toByteArray()));
        assertTrue(Arrays.equals(content, received.toByteArray()));
    }

    @Test
    void aCheckpointThatIsNotThereOrTooShortIsToldApart() throws IOException {
        StatusRuntimeException none = assertThrows(StatusRuntimeException.class, () -> get().next());
        assertEquals(Code.NOT_FOUND, none.getStatus().getCode());
        store(1000, 1);
        StatusRuntimeException torn =
                assertThrows(StatusRuntimeException.class, () -> get().forEachRemaining(part -> {}));
        assertEquals(Code.DATA_LOSS, torn.getStatus().getCode());
        Files.delete(served.workers.stored);
        StatusRuntimeException gone = assertThrows(StatusRuntimeException.class, () -> get().next());
        assertEquals(Code.NOT_FOUND, gone.getStatus().getCode());
    }
}
