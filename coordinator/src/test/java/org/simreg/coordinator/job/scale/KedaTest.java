package org.simreg.coordinator.job.scale;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.simreg.coordinator.grpc.KedaRpc;
import org.simreg.coordinator.job.scale.ScaleService.Bounds;
import org.simreg.proto.keda.ExternalScalerGrpc;
import org.simreg.proto.keda.ExternalScalerGrpc.ExternalScalerBlockingStub;
import org.simreg.proto.keda.GetMetricSpecResponse;
import org.simreg.proto.keda.GetMetricsRequest;
import org.simreg.proto.keda.IsActiveResponse;
import org.simreg.proto.keda.MetricSpec;
import org.simreg.proto.keda.MetricValue;
import org.simreg.proto.keda.ScaledObjectRef;

/** The scaler, asked as KEDA asks it, by stubs. */
@Timeout(60)
class KedaTest {
    private static final ScaleSettings SETTINGS = new ScaleSettings(new Bounds(0, 8), Duration.ofMinutes(1));

    private final ScalerServer coordinator = new ScalerServer(SETTINGS, Optional.empty());
    private final ManagedChannel channel = NettyChannelBuilder.forAddress("localhost", coordinator.port())
            .usePlaintext()
            .build();
    private final ExternalScalerBlockingStub keda =
            ExternalScalerGrpc.newBlockingStub(channel).withDeadlineAfter(30, TimeUnit.SECONDS);

    @AfterEach
    void close() {
        channel.shutdownNow();
        coordinator.close();
    }

    private static ScaledObjectRef object(String... metadata) {
        ScaledObjectRef.Builder object =
                ScaledObjectRef.newBuilder().setName("simreg-worker").setNamespace("vision");
        object.putScalerMetadata("scalerAddress", "simreg:7100");
        for (int i = 0; i < metadata.length; i += 2) {
            object.putScalerMetadata(metadata[i], metadata[i + 1]);
        }
        return object.build();
    }

    private MetricValue metric(ScaledObjectRef object) {
        return keda.getMetrics(GetMetricsRequest.newBuilder()
                        .setScaledObjectRef(object)
                        .setMetricName(KedaRpc.METRIC)
                        .build())
                .getMetricValues(0);
    }

    /** A stream's messages in the order in which they came, and "end" with its status. */
    private static final class Stream<T> implements ClientResponseObserver<ScaledObjectRef, T> {
        private final BlockingQueue<Object> heard = new LinkedBlockingQueue<>();
        private final boolean reads;
        private ClientCallStreamObserver<ScaledObjectRef> call;

        Stream(boolean reads) {
            this.reads = reads;
        }

        @Override
        public void beforeStart(ClientCallStreamObserver<ScaledObjectRef> call) {
            this.call = call;
            if (!reads) {
                call.disableAutoRequestWithInitial(0);
            }
        }

        @Override
        public void onNext(T message) {
            heard.add(message);
        }

        @Override
        public void onError(Throwable failure) {
            heard.add(Status.fromThrowable(failure).getCode());
        }

        @Override
        public void onCompleted() {
            heard.add("completed");
        }

        Object next() throws InterruptedException {
            return heard.poll(20, TimeUnit.SECONDS);
        }
    }

    private Stream<IsActiveResponse> activity(ScaledObjectRef object) {
        Stream<IsActiveResponse> stream = new Stream<>(true);
        ExternalScalerGrpc.newStub(channel).streamIsActive(object, stream);
        return stream;
    }

    private static IsActiveResponse active(boolean so) {
        return IsActiveResponse.newBuilder().setResult(so).build();
    }

    @Test
    void withoutJobsNothingIsActiveAndTheMetricIsThereAllTheSame() {
        assertEquals(active(false), keda.isActive(object()));
        MetricSpec spec = keda.getMetricSpec(object()).getMetricSpecs(0);
        assertEquals(KedaRpc.METRIC, spec.getMetricName());
        assertEquals(1, spec.getTargetSize());
        assertEquals(1.0, spec.getTargetSizeFloat());
        assertEquals(0, metric(object()).getMetricValue());
        assertEquals(active(true), keda.isActive(object("min", "1")));
        assertEquals(1, metric(object("min", "1")).getMetricValue());
    }

    @Test
    void theMetricIsTheNumberOfWorkersWithinTheBoundsOfBoth() throws Exception {
        coordinator.submit("a", 1, 5);
        assertEquals(active(true), keda.isActive(object()));
        assertEquals(5, metric(object()).getMetricValue());
        assertEquals(5.0, metric(object()).getMetricValueFloat());
        assertEquals(KedaRpc.METRIC, metric(object()).getMetricName());
        assertEquals(3, metric(object("max", " 3 ")).getMetricValue());
        coordinator.submit("b", 1, 20);
        assertEquals(8, metric(object("max", "100")).getMetricValue());
        assertEquals(active(false), keda.isActive(object("max", "0")));
    }

    @Test
    void theStreamTellsEveryChangeOfActivityOnceAndInOrder() throws Exception {
        Stream<IsActiveResponse> stream = activity(object());
        assertEquals(active(false), stream.next());
        coordinator.submit("a", 1, 4);
        assertEquals(active(true), stream.next());
        coordinator.submit("b", 1, 4);
        coordinator.end("a");
        coordinator.end("b");
        coordinator.pass(59_000);
        // Were one of these told, it would come before the next.
        coordinator.pass(2_000);
        assertEquals(active(false), stream.next());
        coordinator.submit("c", 1, 1);
        assertEquals(active(true), stream.next());
        assertTrue(stream.heard.isEmpty());
    }

    @Test
    void theSpecIsStreamedAtOnceAndTheStreamStaysOpen() throws Exception {
        Stream<GetMetricSpecResponse> stream = new Stream<>(true);
        ExternalScalerGrpc.newStub(channel).streamMetricSpec(object(), stream);
        assertEquals(keda.getMetricSpec(object()), stream.next());
        coordinator.submit("a", 1, 4);
        assertEquals(active(true), keda.isActive(object()));
        assertTrue(stream.heard.isEmpty());
        stream.call.cancel("enough", null);
        assertEquals(Status.Code.CANCELLED, stream.next());
    }

    @Test
    void readersThatDoNotReadOrGoAwayHoldNobodyUp() throws Exception {
        List<Stream<IsActiveResponse>> all = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            Stream<IsActiveResponse> deaf = new Stream<>(false);
            ExternalScalerGrpc.newStub(channel).streamIsActive(object(), deaf);
            Stream<IsActiveResponse> gone = activity(object());
            assertEquals(active(false), gone.next());
            gone.call.cancel("gone", null);
            assertEquals(Status.Code.CANCELLED, gone.next());
            all.add(deaf);
        }
        Stream<IsActiveResponse> stream = activity(object());
        assertEquals(active(false), stream.next());
        for (int i = 0; i < 20; i++) {
            coordinator.submit("a", 1, 1);
            assertEquals(active(true), stream.next());
            coordinator.end("a");
            coordinator.pass(61_000);
            assertEquals(active(false), stream.next());
        }
        all.get(0).call.request(1);
        assertEquals(active(false), all.get(0).next());
    }

    @Test
    void anUnknownMetricAndWrongMetadataAreRefusedWithASentence() {
        GetMetricsRequest.Builder unknown = GetMetricsRequest.newBuilder().setScaledObjectRef(object());
        refused(Status.Code.NOT_FOUND, "''", () -> keda.getMetrics(unknown.build()));
        unknown.setMetricName("queue");
        String sentence = "There is no metric 'queue'; ask for simreg-workers-wanted";
        refused(Status.Code.NOT_FOUND, sentence, () -> keda.getMetrics(unknown.build()));
        for (Map.Entry<String, String> wrong : Map.of(
                        "many", "scalerMetadata.max: 'many'", "-1", "-1 workers", "99999", "99999")
                .entrySet()) {
            ScaledObjectRef object = object("max", wrong.getKey());
            String part = wrong.getValue();
            refused(Status.Code.INVALID_ARGUMENT, part, () -> keda.isActive(object));
            refused(Status.Code.INVALID_ARGUMENT, part, () -> keda.getMetricSpec(object));
            refused(
                    Status.Code.INVALID_ARGUMENT,
                    part,
                    () -> keda.streamIsActive(object).next());
            refused(
                    Status.Code.INVALID_ARGUMENT,
                    part,
                    () -> keda.streamMetricSpec(object).next());
        }
    }

    private static void refused(Status.Code code, String part, Runnable question) {
        Status status =
                assertThrows(StatusRuntimeException.class, question::run).getStatus();
        assertEquals(code, status.getCode());
        assertTrue(status.getDescription().contains(part), status.getDescription());
    }

    @Test
    void aCoordinatorThatStopsEndsTheStreamsWithoutAFailure() throws Exception {
        Stream<IsActiveResponse> activity = activity(object());
        assertEquals(active(false), activity.next());
        Stream<GetMetricSpecResponse> spec = new Stream<>(true);
        ExternalScalerGrpc.newStub(channel).streamMetricSpec(object(), spec);
        assertEquals(
                KedaRpc.METRIC,
                ((GetMetricSpecResponse) spec.next()).getMetricSpecs(0).getMetricName());
        coordinator.close();
        assertEquals("completed", activity.next());
        assertEquals("completed", spec.next());
    }
}
