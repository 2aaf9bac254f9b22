package org.simreg.coordinator.web;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.ext.web.Router;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.simreg.coordinator.client.Target;
import org.simreg.proto.UserError;

/** An HTTP server. What it serves is given by {@link Ops} and {@link Page}. */
public final class WebServer implements AutoCloseable {
    private static final int LONGEST_LINE = 4096;
    private static final int LARGEST_HEADERS = 16 << 10;
    private static final int IDLE_SECONDS = 60;

    private final HttpServer server;

    private WebServer(HttpServer server) {
        this.server = server;
    }

    /**
     * Serves; not to be called on an event loop.
     *
     * @param host address to bind to; "0.0.0.0" is every one of this machine
     * @param port 0 takes any that is free
     * @throws UserError if the port can't be had
     */
    public static WebServer listen(Vertx vertx, String host, int port, Router router) {
        HttpServerOptions options =
                new HttpServerOptions()
                        .setMaxInitialLineLength(LONGEST_LINE)
                        .setMaxHeaderSize(LARGEST_HEADERS)
                        .setIdleTimeout(IDLE_SECONDS)
                        .setReusePort(false);
        HttpServer server = vertx.createHttpServer(options).requestHandler(router);
        try {
            server.listen(port, host)
                    .toCompletionStage()
                    .toCompletableFuture()
                    .get(30, TimeUnit.SECONDS);
            return new WebServer(server);
        } catch (ExecutionException | TimeoutException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw new UserError(
                    "Can't serve HTTP on %s: %s; choose another with --http"
                            .formatted(new Target(host, port), cause.getMessage()),
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UserError("Interrupted while opening the port for HTTP", e);
        }
    }

    /** The port that it serves on. */
    public int port() {
        return server.actualPort();
    }

    /** Breaks off what is under way; the port is free soon after. */
    @Override
    public void close() {
        server.close();
    }
}
