package org.simreg.coordinator.web;

import io.vertx.core.buffer.Buffer;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/**
 * The page's own files, from the class path. They are read once; browsers ask each time whether
 * theirs is still good.
 */
final class Assets {
    static final List<String> SCRIPTS =
            List.of(
                    "app.js",
                    "chart.js",
                    "detail.js",
                    "dom.js",
                    "jobs.js",
                    "parts.js",
                    "search.js",
                    "stream.js",
                    "text.js",
                    "timeline.js",
                    "workers.js");

    /** Only what comes from here, and nothing inline. */
    private static final String POLICY =
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:;"
                    + " connect-src 'self'; base-uri 'none'; form-action 'none';"
                    + " frame-ancestors 'none'";

    private Assets() {}

    static void route(Router router) {
        router.route().order(-1).handler(Assets::guard);
        serve(router, "/", "index.html", "text/html; charset=utf-8");
        serve(router, "/page.css", "page.css", "text/css; charset=utf-8");
        serve(router, "/icon.svg", "icon.svg", "image/svg+xml");
        for (String script : SCRIPTS) {
            serve(router, "/" + script, script, "text/javascript; charset=utf-8");
        }
    }

    private static void guard(RoutingContext request) {
        request.response()
                .putHeader("Content-Security-Policy", POLICY)
                .putHeader("X-Content-Type-Options", "nosniff")
                .putHeader("Referrer-Policy", "no-referrer");
        request.next();
    }

    private static void serve(Router router, String path, String file, String type) {
        byte[] bytes = read(file);
        Buffer body = Buffer.buffer(bytes);
        String tag = '"' + digest(bytes) + '"';
        router.get(path)
                .handler(
                        request -> {
                            request.response()
                                    .putHeader("ETag", tag)
                                    .putHeader("Cache-Control", "no-cache");
                            if (tag.equals(request.request().getHeader("If-None-Match"))) {
                                request.response().setStatusCode(304).end();
                            } else {
                                request.response().putHeader("Content-Type", type).end(body);
                            }
                        });
    }

    private static byte[] read(String file) {
        try (InputStream in = Assets.class.getResourceAsStream(file)) {
            if (in == null) {
                throw new IllegalStateException("the page's file " + file + " is missing");
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String digest(byte[] bytes) {
        try {
            byte[] sum = MessageDigest.getInstance("SHA-256").digest(bytes);
            return HexFormat.of().formatHex(sum, 0, 12);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
