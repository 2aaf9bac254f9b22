package org.simreg.coordinator.web;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.List;
import java.util.function.Supplier;
import org.simreg.coordinator.observe.Health;
import org.simreg.coordinator.observe.Meters;

/**
 * Metrics and health: {@code /metrics}, {@code /health/live}, {@code ready} and {@code started}.
 */
public final class Ops {
    private Ops() {}

    /**
     * Adds the routes.
     *
     * @param scrape the metrics; may take milliseconds, called on a worker thread
     */
    public static void route(Vertx vertx, Router router, Supplier<String> scrape, Health health) {
        router.get("/metrics")
                .handler(
                        request ->
                                vertx.executeBlocking(scrape::get, false)
                                        .onSuccess(text -> metrics(request, text))
                                        .onFailure(request::fail));
        router.get("/health/live").handler(request -> answer(request, health.alive()));
        router.get("/health/ready").handler(request -> answer(request, health.readiness()));
        router.get("/health/started").handler(request -> answer(request, health.start()));
    }

    private static void metrics(RoutingContext request, String text) {
        request.response().putHeader(HttpHeaders.CONTENT_TYPE, Meters.CONTENT_TYPE).end(text);
    }

    private static void answer(RoutingContext request, List<Health.Component> components) {
        boolean up = Health.up(components);
        JsonArray list = new JsonArray();
        for (Health.Component one : components) {
            list.add(
                    new JsonObject()
                            .put("name", one.name())
                            .put("status", status(one.up()))
                            .put("reason", one.reason()));
        }
        JsonObject body = new JsonObject().put("status", status(up)).put("components", list);
        request.response()
                .setStatusCode(up ? 200 : 503)
                .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
                .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
                .end(body.encode());
    }

    private static String status(boolean up) {
        return up ? "up" : "down";
    }
}
