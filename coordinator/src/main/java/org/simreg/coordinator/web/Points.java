package org.simreg.coordinator.web;

import io.vertx.core.json.JsonArray;

/** Pairs of step and value on their way to a page. */
final class Points {
    private static final int MOST = 50;

    private Points() {}

    /** At most fifty: each the mean of neighbours, at the last one's step. */
    static JsonArray thinned(JsonArray points) {
        int size = points.size();
        if (size <= MOST) {
            return points;
        }
        JsonArray thin = new JsonArray();
        for (int bin = 0; bin < MOST; bin++) {
            int from = bin * size / MOST;
            int to = (bin + 1) * size / MOST;
            double sum = 0;
            for (int i = from; i < to; i++) {
                sum += points.getJsonArray(i).getDouble(1);
            }
            long step = points.getJsonArray(to - 1).getLong(0);
            thin.add(new JsonArray().add(step).add(sum / (to - from)));
        }
        return thin;
    }
}
