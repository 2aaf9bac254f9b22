package org.simreg.coordinator.web;

import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import org.simreg.coordinator.access.Gate;

/** Asks who comes by HTTP for a token that may read; browsers ask their user for it. */
public final class Doorkeeper {
    private static final String CHALLENGE = "Basic realm=\"simreg\", charset=\"UTF-8\"";

    private Doorkeeper() {}

    /** Guards all routes that are added after this. */
    public static void route(Router router, Gate gate) {
        router.route().handler(request -> look(request, gate));
    }

    private static void look(RoutingContext request, Gate gate) {
        if (gate.mayRead(request.request().getHeader(HttpHeaders.AUTHORIZATION))) {
            request.next();
            return;
        }
        request.response()
                .setStatusCode(401)
                .putHeader("WWW-Authenticate", CHALLENGE)
                .putHeader(HttpHeaders.CONTENT_TYPE, "text/plain; charset=utf-8")
                .end("This page wants a token with the role read, as the password of any user.\n");
    }
}
