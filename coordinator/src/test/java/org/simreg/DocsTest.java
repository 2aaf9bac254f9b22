package org.simreg;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.simreg.coordinator.cli.CommandSyntax;
import org.simreg.coordinator.view.observe.ClusterSurvey;
import org.simreg.coordinator.view.observe.JobMeters;
import org.simreg.coordinator.view.observe.Meters;
import org.simreg.coordinator.view.observe.Surveyor;
import org.simreg.coordinator.view.observe.WorkerMeters;
import org.simreg.proto.JobState;
import org.simreg.proto.JobStatus;
import org.simreg.worker.exchange.mesh.PeerTransport;
import org.simreg.worker.exchange.wire.NettyWire;
import picocli.CommandLine.ParameterException;

/** The documents' links, commands and metrics are there. */
class DocsTest {
    private static final Path ROOT = Path.of("..");
    private static final Path README = ROOT.resolve("README.md");
    private static final Path DOCS = ROOT.resolve("docs");
    private static final int LARGEST_README = 12_000;
    private static final int LARGEST_PICTURE = 150_000;

    private static final Pattern FENCED = Pattern.compile("(?ms)^```[^\n]*\n(.*?)^```");
    private static final Pattern LINK = Pattern.compile("\\]\\(([^)\\s]+)\\)");
    private static final Pattern HEADING = Pattern.compile("(?m)^#+ (.+)$");
    private static final Pattern COMMAND = Pattern.compile("(?m)(?:^| -- )(?:scripts/)?simreg +(\\S.*)$");
    private static final Pattern METRIC = Pattern.compile("`(simreg_\\w+)`");
    private static final Pattern QUOTE = Pattern.compile("\"([^\"]+)\"");
    private static final Pattern SHOWN = Pattern.compile("(?m)^# TYPE (simreg_\\w+) ");

    /** A command line as a document has it. */
    private record Line(Path document, List<String> arguments) {}

    private static Stream<Path> documents() throws IOException {
        List<Path> documents = new ArrayList<>(List.of(README, ROOT.resolve("k8s/README.md")));
        try (Stream<Path> files = Files.list(DOCS)) {
            files.filter(file -> file.toString().endsWith(".md")).sorted().forEach(documents::add);
        }
        return documents.stream();
    }

    private static Stream<Line> commands() throws IOException {
        List<Line> lines = new ArrayList<>();
        for (Path document : documents().toList()) {
            String text = Files.readString(document);
            for (MatchResult block : FENCED.matcher(text).results().toList()) {
                String joined = block.group(1).replaceAll(" *\\\\\n *", " ");
                String bare = joined.replaceAll("(?m) +#.*$", "");
                COMMAND.matcher(bare)
                        .results()
                        .map(found -> List.of(found.group(1).strip().split(" +")))
                        .forEach(arguments -> lines.add(new Line(document, arguments)));
            }
        }
        return lines.stream();
    }

    @Test
    void theReadmeIsReadInFiveMinutes() throws IOException {
        long bytes = Files.size(README);
        assertTrue(bytes <= LARGEST_README, "README.md has " + bytes + " bytes; move some to docs/");
    }

    @Test
    void picturesAreSmall() throws IOException {
        try (Stream<Path> files = Files.list(DOCS)) {
            for (Path picture :
                    files.filter(file -> file.toString().endsWith(".png")).toList()) {
                long bytes = Files.size(picture);
                assertTrue(bytes < LARGEST_PICTURE, picture + " has " + bytes + " bytes");
            }
        }
    }

    @ParameterizedTest
    @MethodSource("documents")
    void everyLinkLeadsSomewhere(Path document) throws IOException {
        Set<String> dead = new TreeSet<>();
        for (MatchResult link : LINK.matcher(prose(document)).results().toList()) {
            String target = link.group(1);
            if (!target.matches("[a-z]+:.*") && !leads(document, target)) {
                dead.add(target);
            }
        }
        assertEquals(Set.of(), dead, "Dead links of " + document);
    }

    private static boolean leads(Path document, String target) throws IOException {
        int hash = target.indexOf('#');
        String path = hash < 0 ? target : target.substring(0, hash);
        Path file = path.isEmpty() ? document : document.resolveSibling(path);
        if (!Files.exists(file)) {
            return false;
        }
        return hash < 0
                || HEADING.matcher(prose(file))
                        .results()
                        .anyMatch(heading -> anchor(heading.group(1)).equals(target.substring(hash + 1)));
    }

    private static String prose(Path document) throws IOException {
        return FENCED.matcher(Files.readString(document)).replaceAll("");
    }

    /** The name that GitHub gives to a heading. */
    private static String anchor(String heading) {
        return heading.strip()
                .toLowerCase(Locale.ROOT)
                .replaceAll("[^\\p{L}\\p{N}_ -]", "")
                .replace(' ', '-');
    }

    @ParameterizedTest
    @MethodSource("commands")
    void everyCommandIsRightUsage(Line line) {
        try {
            CommandSyntax.check(line.arguments);
        } catch (ParameterException e) {
            throw new AssertionError(line + ": " + e.getMessage(), e);
        }
    }

    @Test
    void theReferenceIsWhatTheCommandsSay() throws IOException {
        String document = Files.readString(DOCS.resolve("commands.md"));
        assertEquals(
                CommandSyntax.reference().strip(),
                document.substring(document.indexOf("## ")).strip(),
                "docs/commands.md is behind the commands; put the output of `scripts/simreg man --markdown` below its first"
                        + " paragraph");
    }

    @Test
    void theDocumentsHaveCommandsAtAll() throws IOException {
        assertTrue(commands().count() > 40);
    }

    @Test
    void theMetricsAreThoseThatProcessesShow() throws IOException {
        Set<String> told = new TreeSet<>();
        for (String row : Files.readAllLines(DOCS.resolve("cluster.md"))) {
            if (row.startsWith("| `simreg_")) {
                METRIC.matcher(row.split("\\|")[1]).results().forEach(name -> told.add(name.group(1)));
            }
        }
        assertEquals(shown(), told);
    }

    /** Who searches for a sentence finds it as it is said: quotes end at what the sentence fills in. */
    @Test
    void theSymptomsAreQuotedAsTheyAreSaid() throws IOException {
        String said = sources().replaceAll("\"\\s*\\+\\s*\"", "");
        List<String> quoted = new ArrayList<>();
        for (String row : Files.readAllLines(DOCS.resolve("troubleshooting.md"))) {
            if (row.startsWith("| ")) {
                QUOTE.matcher(row.split(" \\| ")[0]).results().forEach(quote -> quoted.add(quote.group(1)));
            }
        }
        assertTrue(quoted.size() > 15, "" + quoted);
        quoted.removeIf(quote -> Stream.of(quote.split("\\.\\.\\.")).allMatch(part -> said.contains(part.strip())));
        assertEquals(List.of(), quoted);
    }

    private static String sources() throws IOException {
        StringBuilder all = new StringBuilder(Files.readString(ROOT.resolve("scripts/simreg")));
        for (String module : List.of("worker", "coordinator", "proto")) {
            try (Stream<Path> files = Files.walk(ROOT.resolve(module).resolve("src/main"))) {
                for (Path file :
                        files.filter(one -> one.toString().endsWith(".java")).toList()) {
                    all.append(Files.readString(file));
                }
            }
        }
        return all.toString();
    }

    /** The names that a coordinator with a running job and a worker show. */
    private static Set<String> shown() {
        JobStatus job = JobStatus.newBuilder()
                .setId("job")
                .setState(JobState.RUNNING)
                .setStep(1)
                .setTotalSteps(2)
                .setLoss(1)
                .build();
        ClusterSurvey survey = new ClusterSurvey(Map.of(JobState.RUNNING, 1L), List.of(job), List.of());
        Set<String> names = new TreeSet<>();
        try (Meters meters = new Meters();
                PeerTransport transport = NettyWire.transport("127.0.0.1", 0)) {
            new JobMeters(meters);
            Surveyor surveyor = new Surveyor(() -> CompletableFuture.completedFuture(survey));
            surveyor.bindTo(meters);
            surveyor.survey();
            new WorkerMeters(meters).transports(Map.of("netty", transport));
            meters.wanted(() -> 0);
            meters.searches();
            SHOWN.matcher(surveyor.scrape(meters)).results().forEach(name -> names.add(name.group(1)));
        }
        // Every histogram has its longest in the last minutes beside it.
        names.removeIf(name -> name.endsWith("_max") && names.contains(name.replaceFirst("_max$", "")));
        return names;
    }
}
