package org.simreg.coordinator.cli.bank;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.simreg.coordinator.cli.Terminal;
import org.simreg.coordinator.node.SmallJob;
import org.simreg.coordinator.search.bank.Features;

/** The commands about banks, with banks of a folder that the command serves by itself. */
@Timeout(120)
class BankCommandsTest {
    private static final int ROWS = 90;

    @TempDir
    Path folder;

    private final Terminal terminal = new Terminal();

    private int run(String... args) {
        List<String> all = new ArrayList<>(List.of(args));
        all.addAll(List.of("--banks=" + folder.resolve("banks"), "--device=cpu", "--threads=1"));
        return terminal.run(all.toArray(String[]::new));
    }

    private void done(String... args) {
        assertEquals(0, run(args), terminal.err);
    }

    private Features features(String name) throws IOException {
        Features rows = Features.random(4, ROWS, 6);
        Path file = rows.npy(folder.resolve("rows.npy"));
        Path labels = folder.resolve("labels");
        Files.write(labels, IntStream.range(0, ROWS).mapToObj(i -> "c" + i % 4).toList());
        done("index", "create", name, "--features=" + file, "--labels=" + labels, "--shards=2");
        return rows;
    }

    private JsonObject line(int number) {
        return JsonParser.parseString(terminal.out.lines().toList().get(number)).getAsJsonObject();
    }

    @Test
    void aBankOfFeaturesIsMadeListedDescribedSearchedAndDeleted() throws IOException {
        Features rows = features("mine");
        assertTrue(terminal.out.startsWith("mine is ready"), terminal.out);
        done("index", "list");
        assertTrue(terminal.out.matches("(?s)NAME .*\nmine +ready +90 +6 +4 .*"), terminal.out);
        done("index", "describe", "mine");
        assertTrue(terminal.out.contains("90 of 6 features, 4 classes"), terminal.out);
        String queries = "--vectors=" + folder.resolve("rows.npy");
        done("search", "mine", queries, "--k=3", "--json");
        assertEquals(ROWS, terminal.out.lines().count());
        JsonArray hits = line(12).getAsJsonArray("hits");
        List<Long> ids = new ArrayList<>();
        hits.forEach(hit -> ids.add(hit.getAsJsonObject().get("id").getAsLong()));
        assertEquals(rows.unit().nearest(rows.rows[12], 3), ids);
        done("classify", "mine", queries, "--rule=1", "--json");
        String verdict = line(12).getAsJsonArray("verdicts").get(0).toString();
        assertEquals("{\"k\":1,\"label\":\"c" + ids.get(0) % 4 + "\"}", verdict);
        done("index", "delete", "mine");
        assertEquals("The bank mine is deleted\n", terminal.out);
        assertEquals(1, run("search", "mine", queries));
        assertTrue(terminal.err.startsWith("simreg: There is no bank 'mine'"), terminal.err);
    }

    @Test
    void imagesFindThemselvesAndAPageShowsThem() throws IOException {
        Path data = SmallJob.pictures(folder.resolve("data"));
        Path weights = SmallJob.teacher(folder.resolve("weights.safetensors"));
        done("index", "create", "pics", "--data=" + data, "--weights=" + weights, "--size=32");
        assertTrue(
                terminal.out.contains("  note      the weights of " + weights + " are taken as mobilenet-v2\n"),
                terminal.out);
        Path picture;
        try (var all = Files.list(data.resolve("train/symbols--arrow"))) {
            picture = all.sorted().findFirst().orElseThrow();
        }
        Path page = folder.resolve("found.html");
        done("search", "pics", picture.toString(), "--k=4", "--html=" + page);
        String first = terminal.out.lines().toList().get(2);
        assertTrue(first.matches(" *1 +1\\.0000.*/" + picture.getFileName()), terminal.out);
        String html = Files.readString(page);
        assertEquals(5, html.split("<img ", -1).length - 1);
        assertFalse(html.replace("http-equiv", "").contains("http"), "nothing from outside");
        done("classify", "pics", picture.toString());
        // Fewer rows than the 200 of the usual rules: all vote.
        assertTrue(terminal.out.contains("weighted 46, T 0.1"), terminal.out);
        assertTrue(terminal.out.contains("symbols--arrow"), terminal.out);
        assertEquals(
                1, run("search", "pics", folder.resolve("weights.safetensors").toString()));
        assertTrue(terminal.err.contains("query 0 is no image"), terminal.err);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "index create x | give one of the two",
                "index create x --data=d | --weights is missing",
                "index create x --features=f --weights=w | goes with --data",
                "search x a.png --k=0 | --k: 0 is out of bounds; choose 1 to 1024",
                "classify x a.png --rule=20:hot | 20:hot' is no rule",
            })
    void wrongUsageIsSaidWithTheWayOut(String command, String words) {
        assertEquals(2, run(command.split(" ")));
        assertTrue(terminal.err.contains(words), terminal.err);
    }

    @Test
    void whatCanNotBeAskedWithIsNamed() {
        assertEquals(1, run("search", "x", folder.resolve("absent.png").toString()));
        assertTrue(terminal.err.contains("absent.png"), terminal.err);
        assertEquals(1, run("search", "x"));
        assertTrue(terminal.err.contains("Name images to ask with"), terminal.err);
    }
}
