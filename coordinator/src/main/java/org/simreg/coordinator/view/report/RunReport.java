package org.simreg.coordinator.view.report;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.simreg.coordinator.job.file.JobFile;
import org.simreg.coordinator.run.folder.PastRun;
import org.simreg.coordinator.run.folder.RunHistory;
import org.simreg.coordinator.run.log.EventNames;
import org.simreg.coordinator.run.log.MetricsFile;
import org.simreg.coordinator.view.console.EventSentences;
import org.simreg.coordinator.view.console.Numbers;
import org.simreg.coordinator.view.console.RunSummary;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.JobStarted;
import org.simreg.proto.KnnScore;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.AtomicFile;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.UserFile;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;

/**
 * The page {@code report.html} of a run: outcome, curves, time of each part, neighbours of some
 * images, notices, settings, digest. One file without outside references; made from the run folder,
 * at any time, also while the run goes on.
 */
public final class RunReport {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("d MMM uuuu, HH:mm 'UTC'", Locale.ENGLISH)
            .withZone(ZoneOffset.UTC);
    private static final int MOST_NOTICES = 200;
    private static final int MOST_POINTS = 600;

    private final Path folder;
    private final RunHistory history;
    private final String settings;

    private RunReport(Path folder) throws IOException {
        this.folder = folder;
        history = RunHistory.read(folder);
        Path job = folder.resolve(JobFile.NAME);
        settings = Files.exists(job) ? UserFile.text(job, JobFile.MOST_BYTES) : "";
    }

    /**
     * Writes the report, in place of an earlier one.
     *
     * @param folder of a run
     * @param grid neighbours to show; if empty, the examples of the run's last evaluation, as far
     *     as the images are still where they were
     * @return the file
     * @throws UserError if there is no run in the folder or it can't be written
     */
    public static Path write(Path folder, Optional<NeighborGrid> grid) {
        Path target = folder.resolve(PastRun.REPORT);
        Disk.write(target, () -> {
            RunReport report = new RunReport(folder);
            byte[] page = report.page(grid.or(report::examples)).getBytes(StandardCharsets.UTF_8);
            AtomicFile.write(target, channel -> AtomicFile.put(channel, ByteBuffer.wrap(page)));
        });
        return target;
    }

    private Optional<NeighborGrid> examples() {
        Path dataset = dataset();
        return history.evaluations().stream()
                .filter(done -> done.getExamplesCount() > 0)
                .reduce((first, second) -> second)
                .map(done -> NeighborGrid.of(done, dataset))
                .filter(grid -> grid.rows().stream().anyMatch(row -> Files.exists(row.query())));
    }

    /**
     * The folder of the images, {@code dataset: path:} of the settings, which a person may have
     * changed; the working folder if it isn't there.
     */
    private Path dataset() {
        return section("dataset").get("path") instanceof String path ? Path.of(path) : Path.of("");
    }

    private Map<?, ?> section(String name) {
        try {
            Object job = new Yaml(new SafeConstructor(new LoaderOptions())).load(settings);
            return job instanceof Map<?, ?> fields && fields.get(name) instanceof Map<?, ?> section
                    ? section
                    : Map.of();
        } catch (YAMLException unreadable) {
            return Map.of();
        }
    }

    /** What the run continues: a run of fewer epochs, perhaps several one after the other. */
    private Optional<String> lineage() {
        Map<?, ?> continued = section("continued");
        if (!(continued.get("epochs") instanceof List<?> epochs && continued.get("steps") instanceof List<?> steps)) {
            return Optional.empty();
        }
        List<String> runs = new ArrayList<>();
        for (int i = 0; i < Math.min(epochs.size(), steps.size()); i++) {
            runs.add("a run of %s epochs after its step %s".formatted(epochs.get(i), steps.get(i)));
        }
        return Optional.of(String.join(", then ", runs) + "; not the bits of a run of all epochs from the start");
    }

    private String page(Optional<NeighborGrid> grid) {
        String name = folder.toAbsolutePath().normalize().getFileName().toString();
        return ReportPage.of(name, header(name) + sections(grid), cards());
    }

    private String sections(Optional<NeighborGrid> grid) {
        StringBuilder html = new StringBuilder();
        if (!history.ks().isEmpty()) {
            html.append(ReportPage.section("k-NN accuracy, validation against train images", outcome()));
        }
        html.append(ReportPage.section("Training", ReportPage.charts(MetricsFile.NAME)));
        grid.ifPresent(rows -> html.append(
                ReportPage.section("Nearest neighbours of some validation images", legend() + rows.html())));
        notices().ifPresent(list -> html.append(ReportPage.section("Notices", list)));
        html.append(ReportPage.section("Files", files()));
        if (!settings.isEmpty()) {
            String text = "<pre class=\"card\">%s</pre>\n".formatted(ReportPage.escape(settings));
            html.append(ReportPage.section("Settings", text));
        }
        return html.toString();
    }

    private String header(String name) {
        JobStarted job = history.started();
        List<String> facts = new ArrayList<>();
        facts.add(ReportPage.fact("Images", EventSentences.images(job)));
        if (history.brokenImages() > 0) {
            facts.add(ReportPage.fact("Broken images", Numbers.count(history.brokenImages()) + ", named below"));
        }
        facts.add(ReportPage.fact("Plan", EventSentences.schedule(job)));
        lineage().ifPresent(text -> facts.add(ReportPage.fact("Continues", text)));
        facts.add(ReportPage.fact("Device", job.getDevice()));
        if (history.stepSeconds() > 0) {
            double speed = history.images() / history.stepSeconds();
            String time = Numbers.seconds(history.stepSeconds());
            facts.add(ReportPage.fact("Training time", time + ", " + Numbers.speed(speed) + " images/s"));
        }
        return ReportPage.header(state(), name, job.getDescription(), facts);
    }

    private String state() {
        String time = TIME.format(Instant.ofEpochMilli(history.lastMs()));
        if (history.finished().isPresent()) {
            return "finished " + time;
        }
        String at = history.last().map(step -> Numbers.count(step.getStep())).orElse("0");
        return "not finished: step %s of %s, %s"
                .formatted(at, Numbers.count(history.started().getTotalSteps()), time);
    }

    private String outcome() {
        List<String> heads =
                new ArrayList<>(history.ks().stream().map(k -> k + "-NN").toList());
        if (priced()) {
            heads.addAll(RunSummary.COSTS);
        }
        List<ReportPage.ScoreRow> rows = new ArrayList<>();
        history.outcome().forEach(done -> rows.add(scores(done.getSubject(), done)));
        history.bestEvaluation()
                .ifPresent(done ->
                        rows.add(scores("best: %s, epoch %d".formatted(done.getSubject(), done.getEpoch()), done)));
        return ReportPage.table(heads, rows);
    }

    /** Whether it is known what some of the networks cost. */
    private boolean priced() {
        return history.outcome().stream().anyMatch(EvaluationDone::hasCost);
    }

    private ReportPage.ScoreRow scores(String name, EvaluationDone done) {
        return new ReportPage.ScoreRow(
                name,
                done.getSubject().equals(EventNames.STUDENT),
                history.ks().stream()
                        .map(k -> RunHistory.accuracy(done, k).orElse(Double.NaN))
                        .toList(),
                priced() ? RunSummary.costs(done.getCost()) : List.of());
    }

    /** The charts of the page, one object each. */
    private List<JsonObject> cards() {
        List<JsonObject> cards = new ArrayList<>();
        cards.add(curve("Loss: " + EventSentences.loss(history.started()), "loss", false, history.loss()));
        if (!history.ks().isEmpty()) {
            cards.add(accuracy());
        }
        cards.add(curve("Learning rate", "learning rate", true, history.rate()));
        if (history.norm().size() > 0) {
            cards.add(curve("Norm of the gradient, before it is clipped", "norm", true, history.norm()));
        }
        if (history.stepSeconds() > 0) {
            cards.add(time());
        }
        return cards;
    }

    private static JsonObject curve(String title, String name, boolean zero, RunHistory.Series points) {
        LineChart chart = new LineChart(title, "epoch", List.of(), "loss", zero);
        RunHistory.Series thin = points.thinned(MOST_POINTS);
        for (int i = 0; i < thin.size(); i++) {
            chart.add(name, thin.x(i), thin.y(i));
        }
        return chart.json();
    }

    /** Every score, in the order of the evaluations. */
    private JsonObject accuracy() {
        JsonArray scores = new JsonArray();
        for (EvaluationDone done : history.evaluations()) {
            for (KnnScore knn : done.getKnnList()) {
                scores.add(JobStory.score(done, knn));
            }
        }
        JsonObject card = new JsonObject();
        card.addProperty("kind", "accuracy");
        card.addProperty("title", "k-NN accuracy");
        card.add("scores", scores);
        return card;
    }

    /** The time of all steps by part. */
    private JsonObject time() {
        JsonObject pace = JobStory.pace(history.seconds(), history.loss().size(), history.stepSeconds());
        JsonObject card = new JsonObject();
        card.addProperty("kind", "time");
        card.add("pace", pace);
        return card;
    }

    private static String legend() {
        return """
                <p class="legend"><span><i class="same"></i>same class as the query</span>\
                <span><i class="other"></i>another class</span><span>below: cosine</span></p>
                """;
    }

    private Optional<String> notices() {
        List<String> all = history.notices();
        if (all.isEmpty()) {
            return Optional.empty();
        }
        List<String> items = new ArrayList<>();
        all.stream().limit(MOST_NOTICES).map(ReportPage::escape).forEach(items::add);
        if (all.size() > MOST_NOTICES) {
            String rest = Numbers.count(all.size() - MOST_NOTICES);
            items.add(rest + " more in " + MetricsFile.NAME);
        }
        return Optional.of(ReportPage.list(items));
    }

    private String files() {
        List<String> items = new ArrayList<>();
        history.finished().ifPresent(done -> {
            done.getExportsList().stream().map(ReportPage::link).forEach(items::add);
            items.add(ReportPage.digest("SHA-256 of the student's weights", done.getSha256()));
        });
        history.checkpoint().ifPresent(written -> items.add(ReportPage.link(written.getFile())));
        items.add(ReportPage.link(MetricsFile.NAME));
        return ReportPage.list(items);
    }
}
