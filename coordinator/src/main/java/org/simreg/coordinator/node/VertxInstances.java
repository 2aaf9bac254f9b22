package org.simreg.coordinator.node;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxBuilder;
import io.vertx.core.VertxOptions;
import io.vertx.core.eventbus.EventBus;
import io.vertx.core.eventbus.EventBusOptions;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.net.ClientSSLOptions;
import io.vertx.core.net.KeyCertOptions;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.core.net.ServerSSLOptions;
import io.vertx.core.net.TrustOptions;
import io.vertx.spi.cluster.hazelcast.HazelcastClusterManager;
import java.lang.reflect.Field;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.simreg.coordinator.store.hazelcast.ClusterAddress;
import org.simreg.coordinator.store.hazelcast.ClusterConfig;
import org.simreg.proto.UserError;
import org.simreg.worker.base.net.BoundedTransport;
import org.simreg.worker.base.tls.Tls;
import org.simreg.worker.base.tls.TlsFiles;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A factory of the Vert.x instances that the processes use: alone, or as a member of a cluster,
 * whose event bus may be TLS.
 */
public final class VertxInstances {
    private static final Logger LOG = LoggerFactory.getLogger(VertxInstances.class);
    private static final int SECONDS_TO_CLOSE = 10;
    private static final int SECONDS_TO_UPDATE = 10;

    private VertxInstances() {}

    /** An instance for coordinator and worker in one process, which is member of no cluster. */
    static Vertx alone() {
        return builder(options(), new BoundedTransport(false)).build();
    }

    /**
     * Joins the cluster.
     *
     * @param manager made by {@link #manager}
     * @param tls certificates of the event bus; none: plain text
     * @throws UserError if the cluster can't be joined within two minutes
     */
    static Vertx member(ClusterAddress settings, HazelcastClusterManager manager, Optional<Tls> tls) {
        EventBusOptions bus = new EventBusOptions().setHost(settings.host());
        tls.ifPresent(with -> secure(bus, with));
        try {
            BoundedTransport transport = new BoundedTransport(tls.isEmpty());
            Vertx vertx = builder(options().setEventBusOptions(bus), transport)
                    .withClusterManager(manager)
                    .buildClustered()
                    .toCompletionStage()
                    .toCompletableFuture()
                    .get(2, TimeUnit.MINUTES);
            transport.joined();
            // Messages are bytes: whoever reaches the port sends no objects of Java.
            vertx.eventBus().serializableChecker(type -> false);
            tls.ifPresent(with -> follow(vertx, with));
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

    private static VertxBuilder builder(VertxOptions options, BoundedTransport transport) {
        return Vertx.builder().with(options).withTransport(transport);
    }

    private static String sentence(Exception e) {
        Throwable cause = e.getCause() == null ? e : e.getCause();
        return cause.getMessage() == null ? cause.toString() : cause.getMessage();
    }

    /**
     * Gives the event bus the certificates of the start; it takes files only. Both ends show
     * theirs; names in them aren't compared, as members come and go by address.
     */
    private static void secure(EventBusOptions bus, Tls tls) {
        TlsFiles files = tls.files();
        TlsFiles.Identity own = files.identity().orElseThrow();
        bus.setSsl(true)
                .setKeyCertOptions(new PemKeyCertOptions()
                        .setCertPath(own.cert().toString())
                        .setKeyPath(own.key().toString()))
                .setTrustOptions(new PemTrustOptions().addCertPath(files.ca().toString()))
                .setClientAuth(ClientAuth.REQUIRED);
    }

    /**
     * Lets every new connection take the newest certificates. The event bus has no call for that,
     * its server and client have; a Vert.x that names them otherwise keeps the files of the start.
     */
    private static void follow(Vertx vertx, Tls tls) {
        KeyCertOptions keys = KeyCertOptions.wrap(tls.keys().orElseThrow());
        TrustOptions peers = TrustOptions.wrap(tls.peers());
        ServerSSLOptions server = new ServerSSLOptions();
        server.setKeyCertOptions(keys).setTrustOptions(peers).setClientAuth(ClientAuth.REQUIRED);
        ClientSSLOptions client = new ClientSSLOptions();
        client.setKeyCertOptions(keys).setTrustOptions(peers).setHostnameVerificationAlgorithm("");
        try {
            EventBus bus = vertx.eventBus();
            Future.all(
                            part(bus, "server", NetServer.class).updateSSLOptions(server),
                            part(bus, "client", NetClient.class).updateSSLOptions(client))
                    .toCompletionStage()
                    .toCompletableFuture()
                    .get(SECONDS_TO_UPDATE, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Exception e) {
            LOG.warn("The event bus keeps its certificates until this process ends", e);
        }
    }

    private static <T> T part(EventBus bus, String name, Class<T> type) throws ReflectiveOperationException {
        Field field = bus.getClass().getDeclaredField(name);
        field.setAccessible(true);
        return type.cast(field.get(bus));
    }

    /** Makes the Hazelcast member that {@link #member} joins by. */
    static HazelcastClusterManager manager(ClusterAddress settings) {
        // It logs before it has read its configuration.
        System.setProperty("hazelcast.logging.type", "slf4j");
        return new HazelcastClusterManager(ClusterConfig.of(settings));
    }

    /** Nothing is served from the class path, so no cache folder is left behind by a kill. */
    private static VertxOptions options() {
        FileSystemOptions files = new FileSystemOptions();
        files.setClassPathResolvingEnabled(false).setFileCachingEnabled(false);
        return new VertxOptions().setFileSystemOptions(files);
    }

    /** Closes an instance, for 10 seconds at most: a peer may be gone in the middle of it. */
    static AutoCloseable closing(Vertx vertx) {
        return () -> vertx.close().toCompletionStage().toCompletableFuture().get(SECONDS_TO_CLOSE, TimeUnit.SECONDS);
    }

    /** The user's folder for indexes of data sets and for samples of other machines. */
    public static Path cache() {
        String home = System.getenv("XDG_CACHE_HOME");
        Path base = home == null || home.isBlank() ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(home);
        return base.resolve("simreg");
    }
}
