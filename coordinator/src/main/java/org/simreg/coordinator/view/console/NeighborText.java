package org.simreg.coordinator.view.console;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;
import org.simreg.proto.ClassifyResponse;
import org.simreg.proto.Found;
import org.simreg.proto.VoteRule;

/** Tables for people and lines of JSON of the neighbours and class votes of queries. */
public final class NeighborText {
    private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

    private NeighborText() {}

    /** The neighbours of one query under its name, with an empty line after them. */
    public static String table(String query, Found found) {
        Table table = new Table("RANK", "COSINE", "ID", "LABEL", "FILE");
        for (int rank = 0; rank < found.getHitsCount(); rank++) {
            Found.Hit hit = found.getHits(rank);
            table.row(
                    String.valueOf(rank + 1),
                    Numbers.format("%.6f", hit.getCosine()),
                    String.valueOf(hit.getId()),
                    hit.getLabel().isEmpty() ? "-" : hit.getLabel(),
                    hit.getFile().isEmpty() ? "-" : hit.getFile());
        }
        return query.replaceAll("\\p{Cntrl}", "?") + "\n" + table.text() + "\n";
    }

    /** {@code {"query":"cat.jpg","hits":[{"id":7,"file":"...","label":"...","cosine":0.9}]}}. */
    public static String json(String query, Found found) {
        JsonArray hits = new JsonArray();
        for (Found.Hit hit : found.getHitsList()) {
            JsonObject one = new JsonObject();
            one.addProperty("id", hit.getId());
            one.addProperty("file", hit.getFile());
            one.addProperty("label", hit.getLabel());
            one.addProperty("cosine", hit.getCosine());
            hits.add(one);
        }
        JsonObject line = new JsonObject();
        line.addProperty("query", query);
        line.add("hits", hits);
        return GSON.toJson(line) + "\n";
    }

    /** A table of classes: a line a query, a column a rule. */
    public static String table(List<String> queries, ClassifyResponse verdicts) {
        List<String> heads = new ArrayList<>(List.of("QUERY"));
        verdicts.getRulesList().forEach(rule -> heads.add(name(rule)));
        Table table = new Table(heads.toArray(String[]::new));
        for (int i = 0; i < queries.size(); i++) {
            List<String> cells = new ArrayList<>(List.of(queries.get(i)));
            cells.addAll(verdicts.getVerdicts(i).getLabelsList());
            table.row(cells.toArray(String[]::new));
        }
        return table.text();
    }

    /** {@code {"query":"cat.jpg","verdicts":[{"k":20,"temperature":0.07,"label":"cat"}]}}. */
    public static String json(List<String> queries, ClassifyResponse verdicts) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < queries.size(); i++) {
            JsonArray labels = new JsonArray();
            for (int rule = 0; rule < verdicts.getRulesCount(); rule++) {
                JsonObject one = new JsonObject();
                one.addProperty("k", verdicts.getRules(rule).getK());
                if (verdicts.getRules(rule).hasTemperature()) {
                    one.addProperty("temperature", verdicts.getRules(rule).getTemperature());
                }
                one.addProperty("label", verdicts.getVerdicts(i).getLabels(rule));
                labels.add(one);
            }
            JsonObject line = new JsonObject();
            line.addProperty("query", queries.get(i));
            line.add("verdicts", labels);
            text.append(GSON.toJson(line)).append('\n');
        }
        return text.toString();
    }

    private static String name(VoteRule rule) {
        return rule.hasTemperature()
                ? "weighted %d, T %s".formatted(rule.getK(), rule.getTemperature())
                : "majority %d".formatted(rule.getK());
    }
}
