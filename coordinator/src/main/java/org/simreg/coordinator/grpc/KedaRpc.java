package org.simreg.coordinator.grpc;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executor;
import org.simreg.coordinator.job.scale.ScaleService;
import org.simreg.coordinator.job.scale.ScaleService.Bounds;
import org.simreg.proto.Refused;
import org.simreg.proto.UserError;
import org.simreg.proto.keda.ExternalScalerGrpc;
import org.simreg.proto.keda.GetMetricSpecResponse;
import org.simreg.proto.keda.GetMetricsRequest;
import org.simreg.proto.keda.GetMetricsResponse;
import org.simreg.proto.keda.IsActiveResponse;
import org.simreg.proto.keda.MetricSpec;
import org.simreg.proto.keda.MetricValue;
import org.simreg.proto.keda.ScaledObjectRef;

/**
 * The gRPC service of KEDA's external scalers: one metric, the number of workers wanted, whose
 * target is 1 a worker. The trigger's metadata may hold {@value #MIN} and {@value #MAX}, which
 * narrow the coordinator's bounds.
 *
 * @see <a href="https://keda.sh/docs/latest/concepts/external-scalers">KEDA, external scalers</a>
 */
public final class KedaRpc extends ExternalScalerGrpc.ExternalScalerImplBase implements AutoCloseable {
    /** The one metric. */
    public static final String METRIC = "simreg-workers-wanted";

    static final String MIN = "min";
    static final String MAX = "max";

    private static final GetMetricSpecResponse SPEC = GetMetricSpecResponse.newBuilder()
            .addMetricSpecs(MetricSpec.newBuilder()
                    .setMetricName(METRIC)
                    .setTargetSize(1)
                    .setTargetSizeFloat(1))
            .build();

    private final ScaleService scale;
    private final Executor coordinator;

    // Touched on the coordinator's thread.
    private final Set<LatestStream<?>> streams = new HashSet<>();

    /**
     * @param coordinator runs tasks one after the other on the coordinator's thread
     */
    public KedaRpc(ScaleService scale, Executor coordinator) {
        this.scale = scale;
        this.coordinator = coordinator;
    }

    @Override
    public void isActive(ScaledObjectRef object, StreamObserver<IsActiveResponse> answer) {
        Calls.give(answer, coordinator, () -> active(scale.wanted(bounds(object)) > 0));
    }

    @Override
    public void streamIsActive(ScaledObjectRef object, StreamObserver<IsActiveResponse> answer) {
        stream(answer, object, (own, stream) -> scale.follow(own, workers -> stream.put(active(workers > 0))));
    }

    @Override
    public void getMetricSpec(ScaledObjectRef object, StreamObserver<GetMetricSpecResponse> answer) {
        Calls.give(answer, coordinator, () -> spec(object));
    }

    /** The specification never changes: it is sent once. */
    @Override
    public void streamMetricSpec(ScaledObjectRef object, StreamObserver<GetMetricSpecResponse> answer) {
        stream(answer, object, (own, stream) -> {
            stream.put(SPEC);
            return () -> {};
        });
    }

    /** A stream's source of messages, until it is closed. */
    private interface Source<T> {
        AutoCloseable begin(Bounds own, LatestStream<T> stream);
    }

    private <T> void stream(StreamObserver<T> answer, ScaledObjectRef object, Source<T> source) {
        ServerCallStreamObserver<T> call = Calls.observed(answer);
        LatestStream<T> stream = new LatestStream<>(call, coordinator);
        Calls.run(call, coordinator, () -> {
            AutoCloseable begun = source.begin(bounds(object), stream);
            streams.add(stream);
            stream.begin(() -> {
                streams.remove(stream);
                begun.close();
            });
        });
    }

    /**
     * Ends all streams, soon. After a clean end KEDA opens them again at once, after a failure it
     * waits for up to a minute.
     */
    @Override
    public void close() {
        coordinator.execute(() -> List.copyOf(streams).forEach(LatestStream::end));
    }

    @Override
    public void getMetrics(GetMetricsRequest request, StreamObserver<GetMetricsResponse> answer) {
        Calls.give(answer, coordinator, () -> {
            if (!request.getMetricName().equals(METRIC)) {
                String what = "There is no metric '" + request.getMetricName() + "'";
                throw new Refused(Refused.Kind.UNKNOWN, what + "; ask for " + METRIC);
            }
            int wanted = scale.wanted(bounds(request.getScaledObjectRef()));
            MetricValue.Builder value = MetricValue.newBuilder()
                    .setMetricName(METRIC)
                    .setMetricValue(wanted)
                    .setMetricValueFloat(wanted);
            return GetMetricsResponse.newBuilder().addMetricValues(value).build();
        });
    }

    private static IsActiveResponse active(boolean so) {
        return IsActiveResponse.newBuilder().setResult(so).build();
    }

    /**
     * Refuses wrong metadata here too: KEDA asks for the specification first, and shows the error.
     */
    private static GetMetricSpecResponse spec(ScaledObjectRef object) {
        bounds(object);
        return SPEC;
    }

    private static Bounds bounds(ScaledObjectRef object) {
        Map<String, String> metadata = object.getScalerMetadataMap();
        int min = number(metadata, MIN, 0);
        int max = number(metadata, MAX, Bounds.MOST);
        try {
            return new Bounds(min, max);
        } catch (UserError e) {
            throw GrpcStatuses.invalid("scalerMetadata", e.getMessage());
        }
    }

    private static int number(Map<String, String> metadata, String key, int usual) {
        String text = metadata.getOrDefault(key, "").strip();
        if (text.isEmpty()) {
            return usual;
        }
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            String what = "'" + text + "' is no number; choose 0 to " + Bounds.MOST;
            throw GrpcStatuses.invalid("scalerMetadata." + key, what);
        }
    }
}
