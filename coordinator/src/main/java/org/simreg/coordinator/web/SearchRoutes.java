package org.simreg.coordinator.web;

import io.vertx.core.Future;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import java.util.List;
import java.util.Set;
import org.simreg.proto.Refused;
import org.simreg.proto.UserError;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Search for pictures, as the page asks for it. */
final class SearchRoutes {
    private static final Logger LOG = LoggerFactory.getLogger(SearchRoutes.class);
    private static final int LARGEST_PICTURE = 16 << 20;
    private static final int MOST = 100;
    private static final Set<String> TYPES = Set.of("image/jpeg", "image/png", "image/webp");

    private final PictureSearch search;

    private SearchRoutes(PictureSearch search) {
        this.search = search;
    }

    static void route(Router router, PictureSearch search) {
        SearchRoutes routes = new SearchRoutes(search);
        router.get("/api/banks").handler(routes::banks);
        router.get("/api/banks/:bank/picture").handler(routes::picture);
        router.get("/api/banks/:bank/search").handler(routes::searchSample);
        router.post("/api/banks/:bank/search")
                .handler(BodyHandler.create(false).setBodyLimit(LARGEST_PICTURE))
                .handler(routes::searchPicture);
    }

    private void banks(RoutingContext request) {
        search.banks()
                .onSuccess(banks -> answer(request, banks(banks)))
                .onFailure(e -> fail(request, e));
    }

    private static JsonArray banks(List<PictureSearch.Bank> banks) {
        JsonArray all = new JsonArray();
        for (PictureSearch.Bank bank : banks) {
            all.add(
                    new JsonObject()
                            .put("name", bank.name())
                            .put("pictures", bank.pictures())
                            .put("byPicture", bank.byPicture()));
        }
        return all;
    }

    private void searchSample(RoutingContext request) {
        String sample = request.request().getParam("sample", "");
        found(request, new PictureSearch.LikeSample(sample));
    }

    private void searchPicture(RoutingContext request) {
        found(request, new PictureSearch.Like(request.body().buffer().getBytes()));
    }

    private void found(RoutingContext request, PictureSearch.Query query) {
        search.search(request.pathParam("bank"), query, count(request))
                .onSuccess(found -> answer(request, found(found)))
                .onFailure(e -> fail(request, e));
    }

    private static int count(RoutingContext request) {
        String text = request.request().getParam("count", "24");
        return text.matches("[0-9]{1,3}")
                ? Math.max(1, Math.min(MOST, Integer.parseInt(text)))
                : 24;
    }

    private static JsonArray found(List<PictureSearch.Found> found) {
        JsonArray all = new JsonArray();
        for (PictureSearch.Found one : found) {
            all.add(
                    new JsonObject()
                            .put("sample", one.sample())
                            .put("label", one.label())
                            .put("cosine", one.cosine()));
        }
        return all;
    }

    private void picture(RoutingContext request) {
        Future<PictureSearch.Picture> picture =
                search.picture(request.pathParam("bank"), request.request().getParam("sample", ""));
        picture.onSuccess(
                        one ->
                                request.response()
                                        .putHeader(HttpHeaders.CONTENT_TYPE, type(one))
                                        .putHeader(HttpHeaders.CACHE_CONTROL, "private, max-age=60")
                                        .end(io.vertx.core.buffer.Buffer.buffer(one.file())))
                .onFailure(e -> fail(request, e));
    }

    /** A picture that calls itself something else must not become a page. */
    private static String type(PictureSearch.Picture picture) {
        return TYPES.contains(picture.type()) ? picture.type() : "application/octet-stream";
    }

    private static void answer(RoutingContext request, JsonArray body) {
        request.response()
                .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
                .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
                .end(body.encode());
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
                .end(new JsonObject().put("error", sentence).encode());
    }
}
