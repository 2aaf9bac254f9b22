package org.simreg.coordinator.view.web;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.List;
import java.util.function.Supplier;
import org.simreg.coordinator.grpc.access.Gate;
import org.simreg.coordinator.view.observe.Health;
import org.simreg.coordinator.view.observe.Meters;

/**
 * The routes for monitoring: {@code /metrics}, {@code /health/live}, {@code /health/ready} and
 * {@code /health/started}; and the guard that asks for a token before the routes for people.
 */
public final class OpsRoutes {
    private static final String CHALLENGE = "Basic realm=\"simreg\", charset=\"UTF-8\"";

    private OpsRoutes() {}

    /**
     * Adds the routes of metrics and health.
     *
     * @param scrape the metrics; may take milliseconds, called on a worker thread
     */
    public static void route(Vertx vertx, Router router, Supplier<String> scrape, Health health) {
        router.get("/metrics")
                .handler(request -> vertx.executeBlocking(scrape::get, false)
                        .onSuccess(text -> metrics(request, text))
                        .onFailure(request::fail));
        router.get("/health/live").handler(request -> answer(request, health.alive()));
        router.get("/health/ready").handler(request -> answer(request, health.readiness()));
        router.get("/health/started").handler(request -> answer(request, health.start()));
    }

    private static void metrics(RoutingContext request, String text) {
        request.response()
                .putHeader(HttpHeaders.CONTENT_TYPE, Meters.CONTENT_TYPE)
                .end(text);
    }

    private static void answer(RoutingContext request, List<Health.Component> components) {
        boolean up = Health.up(components);
        JsonArray list = new JsonArray();
        for (Health.Component one : components) {
            JsonObject component = new JsonObject();
            component.addProperty("name", one.name());
            component.addProperty("status", status(one.up()));
            component.addProperty("reason", one.reason());
            list.add(component);
        }
        JsonObject body = new JsonObject();
        body.addProperty("status", status(up));
        body.add("components", list);
        request.response()
                .setStatusCode(up ? 200 : 503)
                .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
                .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
                .end(body.toString());
    }

    private static String status(boolean up) {
        return up ? "up" : "down";
    }

    /**
     * Guards all routes that are added after this: a token that may read is wanted; browsers ask
     * their user for it.
     */
    public static void guard(Router router, Gate gate) {
        router.route().handler(request -> admit(request, gate));
    }

    private static void admit(RoutingContext request, Gate gate) {
        String authorization = request.request().getHeader(HttpHeaders.AUTHORIZATION);
        if (gate.mayRead(authorization)) {
            request.next();
            return;
        }
        // A browser would ask its user for a password in place of the token that the page sent.
        String challenge = Gate.isBearer(authorization) ? "Bearer realm=\"simreg\"" : CHALLENGE;
        request.response()
                .setStatusCode(401)
                .putHeader("WWW-Authenticate", challenge)
                .putHeader(HttpHeaders.CONTENT_TYPE, "text/plain; charset=utf-8")
                .end("This page wants a token with the role read, as the password of any user.\n");
    }
}
