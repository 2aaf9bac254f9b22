package org.simreg.coordinator.view.report;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.simreg.coordinator.view.console.Numbers;
import org.simreg.worker.base.io.Sha256;

/**
 * The frame of a page that is one file, without outside references, and the HTML that its parts are
 * made of. Everything essential is HTML; charts are drawn by the live page's scripts, which lie in
 * the page and are the only ones that its security policy lets run.
 */
public final class ReportPage {
    /** In the order in which they use each other; each is a module of the live page, too. */
    private static final List<String> SCRIPTS =
            List.of("dom.js", "text.js", "parts.js", "scores.js", "chart.js", "report.js");

    private static final List<String> STYLES = List.of("chart.css", "report.css");
    private static final Pattern IMPORT = Pattern.compile("(?m)^import .*;\n");
    private static final Pattern EXPORT = Pattern.compile("(?m)^export ");

    /** Escapes also what could end the script element that holds the JSON. */
    private static final Gson JSON = new GsonBuilder().serializeNulls().create();

    private ReportPage() {}

    /**
     * Makes a page without charts.
     *
     * @param title as text
     * @param content of the page's main element, as HTML
     */
    static String of(String title, String content) {
        return page(title, content, "'none'", "");
    }

    /**
     * Makes a page with charts, which stand where {@link #charts} is in its content.
     *
     * @param title as text
     * @param content of the page's main element, as HTML
     * @param cards the charts, one object each, as {@code report.js} reads it
     */
    static String of(String title, String content, List<JsonObject> cards) {
        JsonArray data = new JsonArray();
        cards.forEach(data::add);
        String script = script();
        String scripts = """
                <script type="application/json" id="data">%s</script>
                <script type="module">%s</script>
                """.formatted(JSON.toJson(data), script);
        return page(title, content, source(script), scripts);
    }

    private static String page(String title, String content, String allowed, String scripts) {
        String style = STYLES.stream().map(ReportPage::text).collect(Collectors.joining());
        return """
                <!DOCTYPE html>
                <html lang="en">
                <head>
                <meta charset="utf-8">
                <meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src %s; \
                style-src %s; img-src data:; base-uri 'none'; form-action 'none'">
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <title>%s - simreg</title>
                <style>%s</style>
                </head>
                <body>
                <main>
                %s</main>
                %s</body>
                </html>
                """.formatted(allowed, source(style), escape(title), style, content, scripts);
    }

    /** The live page's modules in one: without the lines by which they name each other. */
    private static String script() {
        return SCRIPTS.stream()
                .map(ReportPage::text)
                .map(text -> IMPORT.matcher(text).replaceAll(""))
                .map(text -> EXPORT.matcher(text).replaceAll(""))
                .collect(Collectors.joining("\n"));
    }

    /** A source expression of a security policy: exactly this text. */
    private static String source(String text) {
        byte[] sum = new Sha256().bytes(text.getBytes(StandardCharsets.UTF_8)).digest();
        return "'sha256-" + Base64.getEncoder().encodeToString(sum) + "'";
    }

    private static String text(String file) {
        return new String(asset(file), StandardCharsets.UTF_8);
    }

    /** A script, style sheet or other file of the pages, from the class path. */
    public static byte[] asset(String file) {
        try (InputStream in = ReportPage.class.getResourceAsStream("/simreg/page/" + file)) {
            if (in == null) {
                throw new IllegalStateException("the page's file " + file + " is missing");
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException("the page's file " + file + " can't be read", e);
        }
    }

    /**
     * The place of the charts.
     *
     * @param file that has their numbers, for whoever lets no script run
     */
    static String charts(String file) {
        return """
                <div class="cards" id="charts"></div>
                <noscript><p class="soft">The charts need JavaScript; their numbers are in %s.</p></noscript>
                """.formatted(link(file));
    }

    /** The text with everything escaped that could end an element or an attribute. */
    static String escape(String text) {
        StringBuilder safe = new StringBuilder(text.length() + 16);
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '&' -> safe.append("&amp;");
                case '<' -> safe.append("&lt;");
                case '>' -> safe.append("&gt;");
                case '"' -> safe.append("&quot;");
                case '\'' -> safe.append("&#39;");
                default -> safe.append(c < ' ' && c != '\n' && c != '\t' ? '\uFFFD' : c);
            }
        }
        return safe.toString();
    }

    /** An element with text in it, which is escaped. */
    static String element(String name, String text) {
        return "<%s>%s</%s>".formatted(name, escape(text), name);
    }

    /** A link to a file by its path relative to the page. */
    static String link(String path) {
        try {
            String target = new URI(null, null, "./" + path, null).toASCIIString();
            return "<a href=\"%s\">%s</a>".formatted(escape(target), escape(path));
        } catch (URISyntaxException e) {
            return escape(path);
        }
    }

    /** A section with a heading. */
    static String section(String title, String content) {
        return "<section>\n<h2>%s</h2>\n%s</section>\n".formatted(escape(title), content);
    }

    /**
     * The head of a page.
     *
     * @param state one line above the heading
     * @param what one line below it
     * @param facts made by {@link #fact}
     */
    static String header(String state, String heading, String what, List<String> facts) {
        return """
                <header>
                <p class="state">%s</p>
                <h1>%s</h1>
                <p class="what">%s</p>
                <dl class="facts card">%s</dl>
                </header>
                """.formatted(escape(state), escape(heading), escape(what), String.join("", facts));
    }

    /** A name and its value, both text. */
    static String fact(String name, String value) {
        return "<div>" + element("dt", name) + element("dd", value) + "</div>\n";
    }

    /**
     * A list.
     *
     * @param items as HTML
     */
    static String list(List<String> items) {
        return items.stream()
                .map(item -> "<li>" + item + "</li>\n")
                .collect(Collectors.joining("", "<ul class=\"list card\">\n", "</ul>\n"));
    }

    /** A digest with what it is of, as an item of a list. */
    static String digest(String what, String sha256) {
        return escape(what) + "<br>" + element("code", sha256);
    }

    /**
     * A row of a table of accuracies.
     *
     * @param ours whether it is set off
     * @param values 0 to 1; NaN where there is none
     * @param facts cells behind them
     */
    record ScoreRow(String name, boolean ours, List<Double> values, List<String> facts) {}

    /** Accuracies as a table, each with a bar as long as its part of the largest. */
    static String table(List<String> heads, List<ScoreRow> rows) {
        double most = rows.stream()
                .flatMap(row -> row.values.stream())
                .filter(Double::isFinite)
                .mapToDouble(value -> value)
                .max()
                .orElse(1);
        StringBuilder html = new StringBuilder("<table class=\"scores\">\n<thead><tr><th></th>");
        heads.forEach(head -> html.append(element("th", head)));
        html.append("</tr></thead>\n<tbody>\n");
        for (ScoreRow row : rows) {
            html.append(row.ours ? "<tr class=\"ours\">" : "<tr>").append(element("th", row.name));
            row.values.forEach(value -> html.append(cell(value, most)));
            row.facts.forEach(fact -> html.append(element("td", fact)));
            html.append("</tr>\n");
        }
        return html.append("</tbody>\n</table>\n").toString();
    }

    private static String cell(double value, double most) {
        return Double.isFinite(value)
                ? Numbers.format(
                        "<td>%s<progress value=\"%.4f\" aria-hidden=\"true\"></progress></td>",
                        Numbers.percent(value), most > 0 ? value / most : 0)
                : "<td>-</td>";
    }
}
