package org.simreg.coordinator.node;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.EventBus;
import io.vertx.core.eventbus.EventBusOptions;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.net.ClientSSLOptions;
import io.vertx.core.net.KeyCertOptions;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.core.net.ServerSSLOptions;
import io.vertx.core.net.TrustOptions;
import java.lang.reflect.Field;
import java.util.concurrent.TimeUnit;
import org.simreg.worker.base.tls.Tls;
import org.simreg.worker.base.tls.TlsFiles;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The TLS options of the event bus. Both ends show certificates; names in them aren't compared, as
 * members come and go by address.
 */
final class EventBusTls {
    private static final Logger LOG = LoggerFactory.getLogger(EventBusTls.class);
    private static final int SECONDS = 10;

    private EventBusTls() {}

    /** For the start: the event bus takes files only. */
    static void secure(EventBusOptions bus, Tls tls) {
        TlsFiles files = tls.files();
        TlsFiles.Identity own = files.identity().orElseThrow();
        bus.setSsl(true)
                .setKeyCertOptions(
                        new PemKeyCertOptions()
                                .setCertPath(own.cert().toString())
                                .setKeyPath(own.key().toString()))
                .setTrustOptions(new PemTrustOptions().addCertPath(files.ca().toString()))
                .setClientAuth(ClientAuth.REQUIRED);
    }

    /**
     * Lets every new connection take the newest certificates. The event bus has no call for that,
     * its server and client have; a Vert.x that names them otherwise keeps the files of the start.
     */
    static void follow(Vertx vertx, Tls tls) {
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
                    .get(SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Exception e) {
            LOG.warn("The event bus keeps its certificates until this process ends", e);
        }
    }

    private static <T> T part(EventBus bus, String name, Class<T> type)
            throws ReflectiveOperationException {
        Field field = bus.getClass().getDeclaredField(name);
        field.setAccessible(true);
        return type.cast(field.get(bus));
    }
}
