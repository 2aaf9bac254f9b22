package org.simreg.coordinator.grpc.bounds;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.UnknownFieldSet;
import io.grpc.BindableService;
import io.grpc.Server;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.simreg.proto.ClassifyRequest;
import org.simreg.proto.SearchGrpc;
import org.simreg.proto.SearchRequest;
import org.simreg.proto.SearchResponse;
import org.simreg.proto.VoteRule;

/** What strangers send to a port by HTTP/2's frames, and what a server keeps of it. */
@Timeout(60)
class InboundBoundsTest {
    private static final String CHECK = "grpc.health.v1.Health/Check";
    private static final String SEARCH = "simreg.v1.Search/Search";
    private static final long ALL = 48L << 20;

    /** Kept here, as loggers are referred to weakly. */
    private static final Logger GRPC = Logger.getLogger("io.grpc.netty");

    private final BlockingQueue<SearchRequest> searched = new LinkedBlockingQueue<>();
    private InboundBounds bounds;
    private Server server;

    /** Takes requests and never answers. */
    private final class Searches extends SearchGrpc.SearchImplBase {
        @Override
        public void search(SearchRequest request, StreamObserver<SearchResponse> answer) {
            searched.add(request);
        }
    }

    private RawHttp2 connected(Duration complete) throws IOException {
        if (server == null) {
            bounds = new InboundBounds(new InboundMemory(ALL), complete);
            InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
            NettyServerBuilder builder = NettyServerBuilder.forAddress(any);
            bounds.apply(builder);
            for (BindableService one : List.of(new HealthStatusManager().getHealthService(), new Searches())) {
                builder.addService(bounds.bounded(one));
            }
            server = builder.intercept(bounds.admission()).build().start();
        }
        return new RawHttp2(server.getPort());
    }

    private RawHttp2 connected() throws IOException {
        return connected(Duration.ofMinutes(1));
    }

    @BeforeAll
    static void silence() {
        GRPC.setLevel(Level.SEVERE);
    }

    @AfterEach
    void close() {
        if (server != null) {
            server.shutdownNow();
            bounds.close();
        }
    }

    @Test
    void aHealthCheckOfMoreThanItsBytesIsRefusedBeforeItIsComplete() throws Exception {
        try (RawHttp2 client = connected()) {
            int large = client.begin(CHECK);
            client.prefix(large, 16 << 20);
            client.data(large, new byte[16_384]);
            assertEquals(
                    "8 A message to grpc.health.v1.Health/Check may have at most 4096 bytes; send less at a time",
                    client.ended(large));
            assertHealthy(client);
        }
    }

    private static void assertHealthy(RawHttp2 client) throws IOException {
        int small = client.begin(CHECK);
        client.prefix(small, 0);
        client.end(small);
        assertEquals("0 ", client.ended(small));
    }

    @Test
    void whatIsNoMessageIsRefusedInOneSentence() throws Exception {
        try (RawHttp2 client = connected()) {
            int wrong = client.begin(CHECK);
            client.prefix(wrong, 2);
            client.data(wrong, new byte[] {10, 100});
            client.end(wrong);
            String ended = client.ended(wrong);
            assertTrue(ended.startsWith("3 What came to " + CHECK + " is not its message"), ended);
            assertHealthy(client);
        }
    }

    @Test
    void unfinishedMessagesOfAConnectionTakeNoMoreThanItsShare() throws Exception {
        try (RawHttp2 client = connected();
                RawHttp2 other = connected()) {
            List<Integer> open = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                int stream = client.begin(SEARCH);
                client.prefix(stream, 15 << 20);
                open.add(stream);
            }
            // 10 MiB each; the third is over the connection's 24.
            for (int stream : open.subList(0, 2)) {
                client.data(stream, new byte[10 << 20]);
            }
            client.data(open.get(2), new byte[10 << 20]);
            String ended = client.ended(open.get(2));
            assertTrue(ended.startsWith("8 Too much at a time: requests to " + SEARCH), ended);
            assertTrue(ended.contains(" bytes"), ended);
            assertTrue(bounds.held() <= ALL / 2, bounds.held() + " bytes are held");
            assertHealthy(other);
        }
        awaitNothingHeld();
    }

    /** Everything is given back once the connections are closed. */
    private void awaitNothingHeld() throws InterruptedException {
        await(() -> bounds.held() == 0);
    }

    private static void await(BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.getAsBoolean() && System.nanoTime() < end) {
            TimeUnit.MILLISECONDS.sleep(5);
        }
        assertTrue(condition.getAsBoolean());
    }

    @Test
    void framesOfAByteCountAsWhatTheyTakeInMemory() throws Exception {
        try (RawHttp2 client = connected()) {
            int stream = client.begin(CHECK);
            client.prefix(stream, 4096);
            await(() -> bounds.held() > 0);
            client.data(stream, new byte[4000], 1);
            String ended = client.ended(stream);
            assertTrue(ended.startsWith("8 Too much at a time"), ended);
        }
    }

    @Test
    void strangersThatFillTheirShareLeaveRoomForAHealthCheck() throws Exception {
        List<RawHttp2> strangers = new ArrayList<>();
        try (RawHttp2 probe = connected()) {
            for (int i = 0; i < 40; i++) {
                RawHttp2 stranger = connected();
                strangers.add(stranger);
                for (int j = 0; j < 60; j++) {
                    int stream = stranger.begin(CHECK);
                    stranger.prefix(stream, 4096);
                    stranger.data(stream, new byte[4095]);
                }
            }
            assertHealthy(probe);
            assertTrue(bounds.held() <= ALL / 16 + 41 * InboundMemory.FIRST, bounds.held() + " bytes are held");
        } finally {
            for (RawHttp2 stranger : strangers) {
                stranger.close();
            }
        }
        awaitNothingHeld();
    }

    @Test
    void aRequestThatNeverGetsCompleteIsGivenUp() throws Exception {
        try (RawHttp2 client = connected(Duration.ofMillis(200))) {
            int stream = client.begin(CHECK);
            client.prefix(stream, 100);
            client.data(stream, new byte[50]);
            assertEquals(
                    "4 The request of " + CHECK + " was not complete after 200 ms; send it at once",
                    client.ended(stream));
        }
    }

    @Test
    void aRequestCountsUntilItIsAnswered() throws Exception {
        try (RawHttp2 client = connected()) {
            byte[] query = SearchRequest.newBuilder()
                    .setBank("b".repeat(1 << 20))
                    .build()
                    .toByteArray();
            int stream = client.begin(SEARCH);
            client.prefix(stream, query.length);
            client.data(stream, query);
            client.end(stream);
            assertEquals(1 << 20, searched.take().getBank().length());
            assertTrue(bounds.held() >= query.length, bounds.held() + " bytes are held");
        }
        awaitNothingHeld();
    }

    @Test
    void unknownFieldsAreNotKept() {
        UnknownFieldSet.Field many =
                UnknownFieldSet.Field.newBuilder().addVarint(1).addFixed64(2).build();
        HealthCheckRequest sent = HealthCheckRequest.newBuilder()
                .setService("jobs")
                .setUnknownFields(
                        UnknownFieldSet.newBuilder().addField(77, many).build())
                .build();
        HealthCheckRequest taken = BoundedMarshaller.of(
                        ProtoUtils.marshaller(HealthCheckRequest.getDefaultInstance()), MethodBound.of(CHECK))
                .parse(new ByteArrayInputStream(sent.toByteArray()));
        assertEquals("jobs", taken.getService());
        assertTrue(taken.getUnknownFields().asMap().isEmpty());
    }

    @Test
    void aMessageOfManyEmptyPartsIsRefused() {
        ClassifyRequest.Builder many = ClassifyRequest.newBuilder();
        for (int i = 0; i <= MessageParts.MOST; i++) {
            many.addRules(VoteRule.getDefaultInstance());
        }
        BoundedMarshaller<ClassifyRequest> marshaller = BoundedMarshaller.of(
                ProtoUtils.marshaller(ClassifyRequest.getDefaultInstance()),
                MethodBound.of(SearchGrpc.getClassifyMethod().getFullMethodName()));
        StatusRuntimeException e = assertThrows(
                StatusRuntimeException.class,
                () -> marshaller.parse(new ByteArrayInputStream(many.build().toByteArray())));
        assertEquals(
                "A message to simreg.v1.Search/Classify may have at most 20000 parts; send fewer at a time",
                e.getStatus().getDescription());
    }

    @Test
    void everyRpcOfStrangersIsSmall() {
        assertEquals(
                4096, MethodBound.of("externalscaler.ExternalScaler/IsActive").bytes());
        assertEquals(
                4096,
                MethodBound.of(HealthGrpc.getWatchMethod().getFullMethodName()).bytes());
        assertEquals(64 << 10, MethodBound.of("no.such.Service/AtAll").bytes());
        assertEquals(64 << 10, MethodBound.of("").bytes());
    }
}
