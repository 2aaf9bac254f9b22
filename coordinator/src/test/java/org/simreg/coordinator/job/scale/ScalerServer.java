package org.simreg.coordinator.job.scale;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.simreg.coordinator.grpc.GrpcServer;
import org.simreg.coordinator.grpc.KedaRpc;
import org.simreg.coordinator.grpc.ScaleRpc;
import org.simreg.coordinator.job.schedule.Demand;

/** A server of the scaling services, of a coordinator whose jobs and time a test sets. */
public final class ScalerServer implements AutoCloseable {
    private final Map<String, Demand> demands = new ConcurrentHashMap<>();
    private final AtomicLong now = new AtomicLong(1_000_000);
    private final ExecutorService coordinator = Executors.newSingleThreadExecutor();
    final Scaling scaling;
    private final KedaRpc keda;
    private final GrpcServer server;

    public ScalerServer(ScaleSettings settings, Optional<ScaleSettings.BoundsFile> file) {
        scaling =
                new Scaling(settings, file, new Scaling.State(() -> List.copyOf(demands.values()), () -> 1), now::get);
        keda = new KedaRpc(scaling, coordinator);
        List<io.grpc.BindableService> services = List.of(new ScaleRpc(scaling, coordinator), keda);
        server = GrpcServer.listen("localhost", 0, services);
    }

    public int port() {
        return server.port();
    }

    /** A job comes; the scaler is told as the coordinator tells it. */
    public void submit(String job, int least, int most) throws Exception {
        demands.put(job, WorkersWantedTest.demand(job, least, most));
        refresh();
    }

    void end(String job) throws Exception {
        demands.remove(job);
        refresh();
    }

    void pass(long ms) throws Exception {
        now.addAndGet(ms);
        refresh();
    }

    private void refresh() throws Exception {
        coordinator.submit(scaling::refresh).get(20, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        if (!coordinator.isShutdown()) {
            keda.close();
        }
        server.close();
        coordinator.shutdown();
    }
}
