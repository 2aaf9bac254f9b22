package org.simreg.coordinator.view.web;

import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.KeyCertOptions;
import io.vertx.ext.web.Router;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.simreg.coordinator.grpc.client.HostPort;
import org.simreg.proto.UserError;
import org.simreg.worker.base.net.ListenHost;
import org.simreg.worker.base.tls.Tls;

/**
 * An HTTP server on one event loop, which serves routes such as {@link OpsRoutes} and {@link
 * PageRoutes}.
 */
public final class WebServer implements AutoCloseable {
    private static final int LONGEST_LINE = 4096;
    private static final int LARGEST_HEADERS = 16 << 10;
    private static final int IDLE_SECONDS = 60;
    private static final int CLOSING_SECONDS = 5;
    private static final int MISDIRECTED = 421;

    /** After which a connection is closed that hasn't sent a whole request. */
    private static final Duration UNUSED = Duration.ofSeconds(20);

    private static final long SWEEP_MS = 2000;

    private final Vertx vertx;
    private final Serving serving;
    private final String deployment;

    private WebServer(Vertx vertx, Serving serving, String deployment) {
        this.vertx = vertx;
        this.serving = serving;
        this.deployment = deployment;
    }

    /** Serves under no other name than the host's, as the other of that name. */
    static WebServer listen(Vertx vertx, HostPort at, Consumer<Router> routes) {
        return listen(vertx, at, Set.of(), Optional.empty(), routes);
    }

    /**
     * Serves; not to be called on an event loop.
     *
     * @param at where; the port 0 takes any that is free
     * @param names that requests may call it by, besides the host's, loopback names and addresses
     * @param tls certificates, of which each new connection takes the newest; empty: plain text
     * @param routes adds what is served, on the server's event loop
     * @throws UserError if the port can't be had
     */
    public static WebServer listen(
            Vertx vertx, HostPort at, Set<String> names, Optional<Tls> tls, Consumer<Router> routes) {
        return listen(vertx, at, new Serving(at, new HostNames(at.host(), names), tls, routes, UNUSED));
    }

    /** The same, closing connections that haven't sent a whole request after a time. */
    static WebServer listen(Vertx vertx, HostPort at, Set<String> names, Consumer<Router> routes, Duration unused) {
        return listen(vertx, at, new Serving(at, new HostNames(at.host(), names), Optional.empty(), routes, unused));
    }

    private static WebServer listen(Vertx vertx, HostPort at, Serving serving) {
        try {
            String deployment = vertx.deployVerticle(serving)
                    .toCompletionStage()
                    .toCompletableFuture()
                    .get(30, TimeUnit.SECONDS);
            return new WebServer(vertx, serving, deployment);
        } catch (ExecutionException | TimeoutException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw new UserError(
                    "Can't serve HTTP on %s: %s; choose another with --http".formatted(at, cause.getMessage()), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UserError("Interrupted while opening the port for HTTP", e);
        }
    }

    /** The port that it serves on. */
    public int port() {
        return serving.server.actualPort();
    }

    /** Breaks off what is under way. */
    @Override
    public void close() {
        try {
            vertx.undeploy(deployment).toCompletionStage().toCompletableFuture().get(CLOSING_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new IllegalStateException("the HTTP server does not close", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The verticle that holds the server. */
    private static final class Serving extends VerticleBase {
        private final HostPort at;
        private final HostNames names;
        private final OpenRequests open;
        private final Optional<Tls> tls;
        private final Consumer<Router> routes;
        private HttpServer server;

        Serving(HostPort at, HostNames names, Optional<Tls> tls, Consumer<Router> routes, Duration unused) {
            this.at = at;
            this.names = names;
            this.tls = tls;
            this.routes = routes;
            open = new OpenRequests(unused.toMillis());
        }

        @Override
        public Future<?> start() {
            HttpServerOptions options = new HttpServerOptions()
                    .setMaxInitialLineLength(LONGEST_LINE)
                    .setMaxHeaderSize(LARGEST_HEADERS)
                    .setIdleTimeout(IDLE_SECONDS)
                    .setHttp2ClearTextEnabled(false);
            tls.flatMap(Tls::keys)
                    .ifPresent(keys ->
                            options.setSsl(true).setUseAlpn(false).setKeyCertOptions(KeyCertOptions.wrap(keys)));
            Router router = Router.router(vertx);
            routes.accept(router);
            vertx.setPeriodic(SWEEP_MS, timer -> open.closeUnused());
            server = vertx.createHttpServer(options)
                    .connectionHandler(open::opened)
                    .requestHandler(request -> handle(request, router));
            return server.listen(at.port(), ListenHost.of(at.host()));
        }

        private void handle(HttpServerRequest request, Router router) {
            open.begun(request);
            Optional<String> refusal = names.refusal(request.authority());
            if (refusal.isEmpty()) {
                router.handle(request);
                return;
            }
            request.response()
                    .setStatusCode(MISDIRECTED)
                    .putHeader(HttpHeaders.CONTENT_TYPE, "text/plain; charset=utf-8")
                    .end(refusal.get() + "\n");
        }

        @Override
        public Future<?> stop() {
            return server.close();
        }
    }
}
