package org.simreg.coordinator.view.web;

import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerRequest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * The connections of an HTTP server, to close those that don't send a whole request in time. On the
 * server's event loop.
 */
final class OpenRequests {
    private final long unusedNanos;
    private final Map<HttpConnection, State> connections = new HashMap<>();

    /** A connection, with its newest request. */
    private static final class State {
        private HttpServerRequest last;
        private long since = System.nanoTime();

        /** Whether a whole request waits for the end of its answer. */
        boolean busy() {
            return last != null && !last.response().ended() && (!hasBody(last) || last.isEnded());
        }
    }

    /**
     * @param unusedMs how long a connection may take for a whole request
     */
    OpenRequests(long unusedMs) {
        unusedNanos = TimeUnit.MILLISECONDS.toNanos(unusedMs);
    }

    void opened(HttpConnection connection) {
        connections.put(connection, new State());
        connection.closeHandler(closed -> connections.remove(connection));
    }

    /** A request's headers have come. */
    void begun(HttpServerRequest request) {
        State state = connections.computeIfAbsent(request.connection(), connection -> new State());
        state.last = request;
        state.since = System.nanoTime();
    }

    private static boolean hasBody(HttpServerRequest request) {
        String length = request.getHeader("Content-Length");
        return request.getHeader("Transfer-Encoding") != null || length != null && !length.equals("0");
    }

    /** Closes those that have taken too long. */
    void closeUnused() {
        long now = System.nanoTime();
        List<HttpConnection> unused = new ArrayList<>();
        connections.forEach((connection, state) -> {
            if (state.busy()) {
                state.since = now;
            } else if (now - state.since > unusedNanos) {
                unused.add(connection);
            }
        });
        unused.forEach(HttpConnection::close);
    }
}
