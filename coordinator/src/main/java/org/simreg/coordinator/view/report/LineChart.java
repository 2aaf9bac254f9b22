package org.simreg.coordinator.view.report;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A line chart as JSON, as the script {@code report.js} of the written pages reads it. */
final class LineChart {
    private final JsonObject json = new JsonObject();
    private final Map<String, JsonArray> lines = new LinkedHashMap<>();

    /**
     * @param title heading
     * @param unit what x counts
     * @param names names of x = 0, 1, 2, ..; empty where x is a number
     * @param value how a y is told, "loss" or "percent"
     * @param zero whether the upright axis begins at 0
     */
    LineChart(String title, String unit, List<String> names, String value, boolean zero) {
        json.addProperty("kind", "lines");
        json.addProperty("title", title);
        json.addProperty("unit", unit);
        JsonArray places = new JsonArray();
        names.forEach(places::add);
        json.add("names", places);
        json.addProperty("value", value);
        json.addProperty("zero", zero);
    }

    /** Adds a point to a line; x ascends. */
    void add(String line, Number x, double y) {
        lines.computeIfAbsent(line, name -> new JsonArray()).add(point(x, y));
    }

    /** The chart with all its points. */
    JsonObject json() {
        JsonArray all = new JsonArray();
        lines.forEach((name, points) -> {
            JsonObject line = new JsonObject();
            line.addProperty("name", name);
            line.add("points", points);
            all.add(line);
        });
        json.add("lines", all);
        return json;
    }

    /**
     * A point of a curve, for JSON; a value that is no number is null, which leaves a gap.
     *
     * @param x a step, an epoch or the number of a name
     */
    static JsonArray point(Number x, double y) {
        JsonElement value = Double.isFinite(y) ? new JsonPrimitive(y) : JsonNull.INSTANCE;
        JsonArray point = new JsonArray();
        point.add(x);
        point.add(value);
        return point;
    }
}
