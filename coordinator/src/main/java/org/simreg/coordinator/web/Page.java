package org.simreg.coordinator.web;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.simreg.coordinator.api.JobDesk;
import org.simreg.coordinator.observe.Survey;

/** The coordinator's page: jobs, workers, curves, all followed live. */
public final class Page {
    private static final long BANKS_MS = 5000;

    private final Setup setup;
    private volatile boolean banks;

    /**
     * What the page shows.
     *
     * @param version of simreg
     * @param port that gRPC is served on
     * @param desk runs a task with the jobs, on the keeper's thread
     * @param survey the last look at jobs and workers
     * @param wanted workers that the queue could use, if somebody counts them
     * @param search for pictures
     */
    public record Setup(
            String version,
            int port,
            Consumer<Consumer<JobDesk>> desk,
            Supplier<Survey> survey,
            Supplier<OptionalInt> wanted,
            PictureSearch search) {}

    private Page(Setup setup) {
        this.setup = setup;
    }

    /** Adds the page's routes; on the server's event loop. */
    public static void route(Vertx vertx, Router router, Setup setup) {
        Page page = new Page(setup);
        Streams streams = new Streams(vertx, setup.desk::accept, setup.survey, page::overview);
        Assets.route(router);
        SearchRoutes.route(router, setup.search);
        router.get("/api/overview").handler(request -> streams.overview(new Viewer(request)));
        router.get("/api/jobs/:id").handler(request -> page.story(request, streams));
        page.lookForBanks();
        vertx.setPeriodic(BANKS_MS, timer -> page.lookForBanks());
    }

    private void lookForBanks() {
        setup.search.banks().onSuccess(all -> banks = !all.isEmpty());
    }

    private String overview() {
        return Overview.json(setup, banks);
    }

    private void story(RoutingContext request, Streams streams) {
        String id = request.pathParam("id");
        Context context = Vertx.currentContext();
        setup.desk.accept(
                jobs -> {
                    boolean known = knows(jobs, id);
                    context.runOnContext(
                            nothing -> {
                                if (known) {
                                    streams.story(id, new Viewer(request));
                                } else {
                                    request.fail(404);
                                }
                            });
                });
    }

    private static boolean knows(JobDesk jobs, String id) {
        try {
            return jobs.get(id).getId().equals(id);
        } catch (org.simreg.proto.Refused unknown) {
            return false;
        }
    }
}
