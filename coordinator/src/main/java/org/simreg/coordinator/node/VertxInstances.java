package org.simreg.coordinator.node;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.eventbus.EventBusOptions;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.spi.cluster.hazelcast.HazelcastClusterManager;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.simreg.coordinator.store.hazelcast.ClusterAddress;
import org.simreg.coordinator.store.hazelcast.ClusterConfig;
import org.simreg.proto.UserError;
import org.simreg.worker.base.tls.Tls;

/** A factory of the Vert.x instances that our processes use. */
public final class VertxInstances {
    private static final int SECONDS_TO_CLOSE = 10;

    private VertxInstances() {}

    /** For coordinator and worker in one process. */
    static Vertx alone() {
        return Vertx.vertx(options());
    }

    /**
     * A member of the cluster.
     *
     * @param manager made by {@link #manager}
     * @param tls certificates of the event bus; none: plain text
     */
    static Vertx member(
            ClusterAddress settings, HazelcastClusterManager manager, Optional<Tls> tls) {
        EventBusOptions bus = new EventBusOptions().setHost(settings.host());
        tls.ifPresent(with -> EventBusTls.secure(bus, with));
        try {
            Vertx vertx =
                    Vertx.builder()
                            .with(options().setEventBusOptions(bus))
                            .withClusterManager(manager)
                            .buildClustered()
                            .toCompletionStage()
                            .toCompletableFuture()
                            .get(2, TimeUnit.MINUTES);
            tls.ifPresent(with -> EventBusTls.follow(vertx, with));
            return vertx;
        } catch (ExecutionException | TimeoutException e) {
            throw new UserError(
                    "The cluster can't be joined on %s port %d: %s; choose another --cluster-port, or look at --host and --peers"
                            .formatted(settings.host(), settings.port(), sentence(e)),
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UserError("Interrupted while joining the cluster", e);
        }
    }

    private static String sentence(Exception e) {
        Throwable cause = e.getCause() == null ? e : e.getCause();
        return cause.getMessage() == null ? cause.toString() : cause.getMessage();
    }

    static HazelcastClusterManager manager(ClusterAddress settings) {
        // Its first words come before it has read its configuration.
        System.setProperty("hazelcast.logging.type", "slf4j");
        return new HazelcastClusterManager(ClusterConfig.of(settings));
    }

    /** Nothing is served from the class path, so no cache folder is left behind by a kill. */
    private static VertxOptions options() {
        FileSystemOptions files = new FileSystemOptions();
        files.setClassPathResolvingEnabled(false).setFileCachingEnabled(false);
        return new VertxOptions().setFileSystemOptions(files);
    }

    /** Waits for the end, but not for ever: a peer may be gone in the middle of it. */
    static AutoCloseable closing(Vertx vertx) {
        return () ->
                vertx.close()
                        .toCompletionStage()
                        .toCompletableFuture()
                        .get(SECONDS_TO_CLOSE, TimeUnit.SECONDS);
    }

    /** Where indexes of data sets and samples of other machines are kept. */
    public static Path cache() {
        String home = System.getenv("XDG_CACHE_HOME");
        Path base =
                home == null || home.isBlank()
                        ? Path.of(System.getProperty("user.home"), ".cache")
                        : Path.of(home);
        return base.resolve("simreg");
    }
}
