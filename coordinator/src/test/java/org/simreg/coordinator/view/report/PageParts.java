package org.simreg.coordinator.view.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;

/** The parts that a browser would take a written page apart into. */
record PageParts(String page) {
    private static final Pattern SCRIPT = Pattern.compile("<script([^>]*)>(.*?)</script", Pattern.DOTALL);
    private static final Pattern STYLE = Pattern.compile("<style>(.*?)</style", Pattern.DOTALL);
    private static final Pattern SOURCE = Pattern.compile("(?:src|href)=\"([^\"]*)\"|url\\(([^)]*)\\)|@import ([^;]*)");

    /** The objects of the page's JSON, one a card. */
    List<JsonObject> cards() {
        String json = scripts().get(0);
        assertFalse(json.contains("<"), "could end its element: " + json);
        JsonArray all = JsonParser.parseString(json).getAsJsonArray();
        return StreamSupport.stream(all.spliterator(), false)
                .map(JsonElement::getAsJsonObject)
                .toList();
    }

    /** The points of a line of the chart with a title. */
    JsonArray points(String title, String line) {
        return cards().stream()
                .filter(card ->
                        card.has("lines") && card.get("title").getAsString().equals(title))
                .flatMap(card -> card.getAsJsonArray("lines").asList().stream())
                .map(JsonElement::getAsJsonObject)
                .filter(one -> one.get("name").getAsString().equals(line))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no " + line + " in " + cards()))
                .getAsJsonArray("points");
    }

    private List<String> scripts() {
        List<String> scripts = new ArrayList<>();
        Matcher script = SCRIPT.matcher(page);
        while (script.find()) {
            scripts.add(script.group(2));
        }
        return scripts;
    }

    /**
     * The page is one file: its policy lets run exactly the script that we ship, wherever one
     * stands, and nothing is fetched.
     */
    void assertSelfContained() throws GeneralSecurityException {
        assertEquals(2, count("<script"), "data and one script");
        assertEquals(2, count("</script"));
        assertTrue(page.contains("<script type=\"application/json\" id=\"data\">"));
        String script = scripts().get(1);
        assertTrue(
                page.contains("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';"
                        + " script-src "
                        + hash(script)
                        + "; style-src "
                        + hash(style())
                        + "; img-src data:; base-uri 'none'; form-action 'none'\">"),
                page);
        for (String file : List.of("dom", "text", "parts", "scores", "chart", "report")) {
            String code = new String(ReportPage.asset(file + ".js"), StandardCharsets.UTF_8);
            for (String line : code.split("\n")) {
                if (!line.startsWith("import ")) {
                    assertTrue(script.contains(line.replaceFirst("^export ", "")), line);
                }
            }
        }
        assertFalse(Pattern.compile("(?m)^(import|export) ").matcher(script).find());
        assertNothingFetched();
    }

    void assertNothingFetched() {
        Matcher source = SOURCE.matcher(page);
        while (source.find()) {
            String target = source.group(1) == null ? source.group() : source.group(1);
            assertTrue(target.startsWith("data:") || target.startsWith("./"), target);
        }
        assertFalse(page.replace("http://www.w3.org/2000/svg", "").matches("(?s).*https?:.*"));
        String tags = SCRIPT.matcher(page).replaceAll("").replaceAll("\"[^\"]*\"", "");
        assertFalse(tags.matches("(?s).*<[^>]* on[a-z]+=.*"), "a handler in an attribute");
        assertFalse(page.contains(" style=\""), "the policy lets no such style");
    }

    private String style() {
        Matcher style = STYLE.matcher(page);
        assertTrue(style.find());
        return style.group(1);
    }

    private static String hash(String text) throws GeneralSecurityException {
        MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
        byte[] sum = sha256.digest(text.getBytes(StandardCharsets.UTF_8));
        return "'sha256-" + Base64.getEncoder().encodeToString(sum) + "'";
    }

    int count(String part) {
        return page.split(Pattern.quote(part), -1).length - 1;
    }
}
