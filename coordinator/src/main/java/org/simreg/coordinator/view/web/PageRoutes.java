package org.simreg.coordinator.view.web;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.simreg.coordinator.control.JobService;
import org.simreg.coordinator.job.JobStatuses;
import org.simreg.coordinator.view.observe.ClusterSurvey;
import org.simreg.coordinator.view.report.ReportPage;
import org.simreg.proto.ListRequest;
import org.simreg.proto.Refused;
import org.simreg.worker.base.io.Sha256;

/**
 * The routes of the live page: its files, and the event streams of the overview and of single jobs.
 * The files are read once; browsers ask each time whether theirs is still good.
 */
public final class PageRoutes {
    private static final long BANKS_MS = 5000;

    private static final List<String> SCRIPTS = List.of(
            "actions.js",
            "app.js",
            "chart.js",
            "detail.js",
            "dialogs.js",
            "dom.js",
            "jobs.js",
            "parts.js",
            "scores.js",
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

    private final Setup setup;
    private volatile boolean banks;

    /**
     * The sources of what the page shows.
     *
     * @param version of simreg
     * @param port that gRPC is served on
     * @param jobs runs a task with the jobs, on the coordinator's thread
     * @param survey the latest survey of jobs and workers
     * @param wanted number of workers that the queue could use; empty if nobody counts them
     * @param search the search in the banks
     */
    public record Setup(
            String version,
            int port,
            Consumer<Consumer<JobService>> jobs,
            Supplier<ClusterSurvey> survey,
            Supplier<OptionalInt> wanted,
            BankPictures search) {}

    private PageRoutes(Setup setup) {
        this.setup = setup;
    }

    /** Adds the routes; on the server's event loop. */
    public static void route(Vertx vertx, Router router, Setup setup) {
        PageRoutes page = new PageRoutes(setup);
        PageStreams streams = new PageStreams(vertx, setup.jobs, setup.survey, page::overview);
        files(router);
        SearchRoutes.route(router, setup.search);
        router.get("/api/overview").handler(request -> streams.overview(new EventStream(request)));
        router.get("/api/jobs").handler(page::older);
        router.get("/api/jobs/:id").handler(request -> page.story(request, streams));
        page.lookForBanks();
        vertx.setPeriodic(BANKS_MS, timer -> page.lookForBanks());
    }

    private static void files(Router router) {
        router.route().order(-1).handler(PageRoutes::guard);
        serve(router, "/", "index.html", "text/html; charset=utf-8");
        for (String style : List.of("chart.css", "page.css")) {
            serve(router, "/" + style, style, "text/css; charset=utf-8");
        }
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
        byte[] bytes = ReportPage.asset(file);
        Buffer body = Buffer.buffer(bytes);
        String tag = '"' + digest(bytes) + '"';
        router.get(path).handler(request -> {
            request.response().putHeader("ETag", tag).putHeader("Cache-Control", "no-cache");
            if (tag.equals(request.request().getHeader("If-None-Match"))) {
                request.response().setStatusCode(304).end();
            } else {
                request.response().putHeader("Content-Type", type).end(body);
            }
        });
    }

    private static String digest(byte[] bytes) {
        return Sha256.of(bytes).substring(0, 24);
    }

    private void lookForBanks() {
        banks = !setup.search.banks().isEmpty();
    }

    private String overview() {
        return OverviewJson.json(setup, banks);
    }

    private void story(RoutingContext request, PageStreams streams) {
        String id = request.pathParam("id");
        Context context = Vertx.currentContext();
        setup.jobs.accept(jobs -> {
            boolean known = knows(jobs, id);
            context.runOnContext(nothing -> {
                if (known) {
                    streams.story(id, new EventStream(request));
                } else {
                    notFound(request);
                }
            });
        });
    }

    /** The jobs that are older than one, a page of them, newest first. */
    private void older(RoutingContext request) {
        String after = request.request().getParam("after", "");
        Context context = Vertx.currentContext();
        setup.jobs.accept(jobs -> {
            Optional<String> page = olderThan(jobs, after);
            context.runOnContext(nothing -> {
                if (page.isPresent()) {
                    request.response()
                            .putHeader("Content-Type", "application/json")
                            .end(page.get());
                } else {
                    notFound(request);
                }
            });
        });
    }

    private static Optional<String> olderThan(JobService jobs, String after) {
        try {
            ListRequest request = ListRequest.newBuilder()
                    .setPageToken(JobStatuses.pageToken(jobs.get(after)))
                    .build();
            return Optional.of(OverviewJson.page(jobs.list(request)));
        } catch (Refused unknown) {
            return Optional.empty();
        }
    }

    /** Answers by itself: a failed request would be logged as an error of the router. */
    private static void notFound(RoutingContext request) {
        request.response()
                .setStatusCode(404)
                .putHeader("Content-Type", "text/plain; charset=utf-8")
                .end("There is no such job.\n");
    }

    private static boolean knows(JobService jobs, String id) {
        try {
            return jobs.get(id).getId().equals(id);
        } catch (Refused unknown) {
            return false;
        }
    }
}
