package org.simreg.coordinator.view.web;

import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;

/**
 * A stream of server-sent events to one browser. Nothing waits for a slow one: it misses events,
 * and gets the whole state when it can take some again.
 */
final class EventStream {
    private final HttpServerResponse response;
    private boolean current;

    /** Begins the answer to a request. */
    EventStream(RoutingContext request) {
        response = request.response();
        response.setChunked(true)
                .putHeader("Content-Type", "text/event-stream")
                .putHeader("Cache-Control", "no-store")
                .putHeader("X-Accel-Buffering", "no");
        response.write("retry: 1000\n\n");
    }

    /** Whether it has all events until now. */
    boolean current() {
        return current;
    }

    /** Whether it can take an event now; if not it isn't current any more. */
    boolean ready() {
        boolean ready = !response.ended() && !response.closed() && !response.writeQueueFull();
        current &= ready;
        return ready;
    }

    /**
     * Sends an event; to be asked for {@link #ready} before.
     *
     * @param data one line of JSON
     */
    void send(String event, String data) {
        current = true;
        response.write("event: " + event + "\ndata: " + data + "\n\n");
    }

    /** Sends a comment, so that the connection isn't taken for idle. */
    void keepAlive() {
        if (ready()) {
            response.write(": \n\n");
        }
    }

    void end() {
        if (!response.ended() && !response.closed()) {
            response.end();
        }
    }

    void whenGone(Runnable task) {
        response.closeHandler(closed -> task.run());
    }
}
