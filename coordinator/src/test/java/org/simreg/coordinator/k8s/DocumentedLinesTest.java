package org.simreg.coordinator.k8s;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.marcnuri.helm.Helm;
import com.marcnuri.helm.TemplateCommand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The lines of the documents that start scripts, kubectl and Helm: what they name is there, and takes what they give. */
class DocumentedLinesTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Path CHART = ROOT.resolve("k8s/helm/simreg");
    private static final Pattern FENCED = Pattern.compile("(?ms)^```[^\n]*\n(.*?)^```");
    private static final Pattern SPAN = Pattern.compile("`([^`\n]+)`");
    private static final Pattern WORD = Pattern.compile("(?:[^\\s'\"]|'[^']*'|\"[^\"]*\")+");
    private static final Pattern SET = Pattern.compile("--set ([\\w.]+=[^\\s`]+)");
    private static final Set<String> HELM_OPTIONS =
            Set.of("-n", "--create-namespace", "--wait", "--timeout", "--set", "--reuse-values");

    private static List<Path> documents() throws IOException {
        List<Path> documents = new ArrayList<>(List.of(ROOT.resolve("README.md"), ROOT.resolve("k8s/README.md")));
        try (Stream<Path> files = Files.list(ROOT.resolve("docs"))) {
            files.filter(file -> file.toString().endsWith(".md")).sorted().forEach(documents::add);
        }
        return documents;
    }

    /** The words of every line that begins so, in blocks and in code within text; up to a pipe or a comment. */
    private static List<List<String>> lines(String first) throws IOException {
        List<List<String>> lines = new ArrayList<>();
        for (Path document : documents()) {
            String text = Files.readString(document);
            Stream<String> blocks = FENCED.matcher(text)
                    .results()
                    .flatMap(block ->
                            block.group(1).replaceAll(" *\\\\\n *", " ").lines());
            Stream<String> spans =
                    SPAN.matcher(FENCED.matcher(text).replaceAll("")).results().map(span -> span.group(1));
            Stream.concat(blocks, spans)
                    .flatMap(line -> Stream.of(line.replaceAll(" +#.*", "").split(" && | [|<>] ?")))
                    .filter(line -> line.startsWith(first) && !line.contains("..."))
                    .map(line -> WORD.matcher(line)
                            .results()
                            .map(word -> word.group().replaceAll("['\"]", ""))
                            .toList())
                    .forEach(lines::add);
        }
        return lines;
    }

    @Test
    void everyScriptIsThereAndKnowsWhatItIsGiven() throws IOException {
        Set<String> wrong = new TreeSet<>();
        List<List<String>> lines = new ArrayList<>(lines("scripts/"));
        lines.addAll(lines("k8s/"));
        assertTrue(lines.size() > 30, "" + lines);
        for (List<String> line : lines) {
            Path script = ROOT.resolve(line.get(0));
            if (!Files.exists(script)) {
                wrong.add(line.get(0) + " is not there");
            } else if (Files.isExecutable(script)
                    && Files.isRegularFile(script)
                    && !script.endsWith("scripts/simreg")) {
                String text = Files.readString(script);
                line.stream()
                        .skip(1)
                        .takeWhile(word -> !word.equals("--"))
                        .filter(word -> word.matches("--[a-z].*") && !text.contains(word.replaceAll("=.*", "")))
                        .forEach(word -> wrong.add(line + " has an unknown option " + word));
                if (line.size() > 1 && line.get(1).matches("[a-z][a-z-]*") && !takes(text, line.get(1))) {
                    wrong.add(line + " has an unknown subcommand");
                }
            }
        }
        assertTrue(wrong.isEmpty(), "" + wrong);
        assertFalse(takes(Files.readString(ROOT.resolve("scripts/bench")), "nothing"));
    }

    /** Whether a script has a case for a word. */
    private static boolean takes(String script, String word) {
        return Pattern.compile("(?m)^ *(?:[\\w-]+ \\| )*" + Pattern.quote(word) + "(?: \\| [\\w-]+)*\\)")
                .matcher(script)
                .find();
    }

    /** Without a cluster: kubectl reads its arguments before it finds nobody at its address. */
    @Test
    void everyKubectlLineIsRightUsage() throws IOException {
        List<List<String>> lines = lines("kubectl ");
        assertTrue(lines.size() > 15, "" + lines);
        for (List<String> line : lines) {
            List<String> arguments = line.subList(1, line.size());
            int folder = arguments.indexOf("-k") + 1;
            if (folder > 0) {
                Path overlay = Path.of(arguments.get(folder));
                assertTrue(overlay.startsWith("k8s/overlays"), "" + line);
                assertFalse(
                        Manifests.overlay(overlay.getFileName().toString())
                                .objects()
                                .isEmpty(),
                        "" + line);
            } else {
                Kustomize.requireUsage(arguments);
            }
        }
        assertThrows(AssertionError.class, () -> Kustomize.requireUsage(List.of("get", "pods", "--nothing")));
    }

    @Test
    void everyHelmLineNamesTheChartAndKnownOptions() throws IOException {
        List<List<String>> lines = lines("helm ");
        assertTrue(lines.size() > 2, "" + lines);
        for (List<String> line : lines) {
            boolean installs = Set.of("install", "upgrade").contains(line.get(1));
            assertTrue(installs || line.get(1).equals("test"), "" + line);
            assertTrue(!installs || ROOT.resolve(line.get(3)).equals(CHART), "" + line);
            line.stream()
                    .filter(word -> word.startsWith("-"))
                    .forEach(word -> assertTrue(HELM_OPTIONS.contains(word), word + " in " + line));
        }
        assertTrue(
                Files.readString(CHART.resolve("templates/tests/answers.yaml")).contains("helm.sh/hook: test"));
    }

    @Test
    void theChartTakesEveryValueThatTheDocumentsSet() throws IOException {
        Set<String> values = new TreeSet<>();
        for (Path document : documents()) {
            SET.matcher(Files.readString(document))
                    .results()
                    .forEach(found -> values.add(found.group(1).replace("=NAME", "=name")));
        }
        assertTrue(values.size() > 3, "" + values);
        values.forEach(DocumentedLinesTest::template);
        assertThrows(RuntimeException.class, () -> template("data.nothing=1"));
    }

    private static String template(String values) {
        TemplateCommand command = new Helm(CHART)
                .template()
                .withName("simreg")
                .withNamespace("simreg")
                .withKubeVersion("1.27.0");
        for (String value : values.split(",")) {
            if (!value.isEmpty()) {
                String[] parts = value.split("=", 2);
                command.set(parts[0], parts[1]);
            }
        }
        return command.call();
    }
}
