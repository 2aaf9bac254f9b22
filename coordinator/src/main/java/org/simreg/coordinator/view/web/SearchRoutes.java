package org.simreg.coordinator.view.web;

import com.google.gson.Gson;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import java.util.List;
import java.util.Map;
import org.simreg.proto.Refused;
import org.simreg.proto.UserError;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The routes of the live page's search in the banks: list, pictures, queries. */
final class SearchRoutes {
    private static final Logger LOG = LoggerFactory.getLogger(SearchRoutes.class);
    private static final Gson JSON = new Gson();
    private static final int LARGEST_PICTURE = 16 << 20;
    private static final int USUAL = 24;
    private static final int MOST = 100;

    /** Pictures that are sent at a time. */
    private static final int MOST_UPLOADS = 4;

    private final BankPictures search;
    private int uploads;

    private SearchRoutes(BankPictures search) {
        this.search = search;
    }

    static void route(Router router, BankPictures search) {
        SearchRoutes routes = new SearchRoutes(search);
        router.get("/api/banks").handler(request -> answer(request, search.banks()));
        router.get("/api/banks/:bank/picture").handler(routes::picture);
        router.get("/api/banks/:bank/search").handler(routes::searchSample);
        router.post("/api/banks/:bank/search").handler(routes::admit);
        router.post("/api/banks/:bank/search")
                .handler(BodyHandler.create(false).setBodyLimit(LARGEST_PICTURE))
                .handler(routes::searchPicture);
    }

    private void searchSample(RoutingContext request) {
        String sample = sample(request);
        answer(request, search.searchSample(bank(request), sample, count(request)));
    }

    /** Keeps the memory of pictures that are being sent in bounds. */
    private void admit(RoutingContext request) {
        if (uploads >= MOST_UPLOADS) {
            String sentence = MOST_UPLOADS + " pictures are sent already, each of " + LARGEST_PICTURE
                    + " bytes at most; try again in a moment";
            request.response()
                    .setStatusCode(503)
                    .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
                    .end(JSON.toJson(Map.of("error", sentence)));
            return;
        }
        uploads++;
        request.addEndHandler(ended -> uploads--);
        request.next();
    }

    private void searchPicture(RoutingContext request) {
        byte[] picture = request.body().buffer().getBytes();
        answer(request, search.searchLike(bank(request), picture, count(request)));
    }

    private static String bank(RoutingContext request) {
        return request.pathParam("bank");
    }

    private static String sample(RoutingContext request) {
        return request.request().getParam("sample", "");
    }

    private static int count(RoutingContext request) {
        String text = request.request().getParam("count", "");
        return text.matches("[0-9]{1,3}") ? Math.max(1, Math.min(MOST, Integer.parseInt(text))) : USUAL;
    }

    private void picture(RoutingContext request) {
        search.picture(bank(request), sample(request))
                .onSuccess(one -> request.response()
                        .putHeader(HttpHeaders.CONTENT_TYPE, one.type())
                        .putHeader(HttpHeaders.CACHE_CONTROL, "private, max-age=60")
                        .end(Buffer.buffer(one.file())))
                .onFailure(e -> fail(request, e));
    }

    private static void answer(RoutingContext request, Future<List<BankPictures.Match>> found) {
        found.onSuccess(matches -> answer(request, matches)).onFailure(e -> fail(request, e));
    }

    /** The records as a list of JSON objects. */
    private static void answer(RoutingContext request, List<?> records) {
        request.response()
                .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
                .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
                .end(JSON.toJson(records));
    }

    private static void fail(RoutingContext request, Throwable e) {
        boolean users = e instanceof UserError || e instanceof Refused;
        if (!users) {
            LOG.warn("A search from the page failed", e);
        }
        String sentence = users ? e.getMessage() : "The search failed; the log says more";
        request.response()
                .setStatusCode(users ? 400 : 500)
                .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
                .end(JSON.toJson(Map.of("error", sentence)));
    }
}
