package org.simreg.coordinator.status;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.simreg.coordinator.job.JobFile;
import org.simreg.coordinator.run.PastRun;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.JobStarted;
import org.simreg.worker.io.Disk;

/**
 * {@code report.html} of a run: outcome, curves, time of each part, neighbours of some images,
 * notices, settings, digest. One file without outside references; made from the run folder, at any
 * time, also while the run goes on.
 */
public final class Report {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("d MMM uuuu, HH:mm 'UTC'", Locale.ENGLISH)
                    .withZone(ZoneOffset.UTC);
    private static final int MOST_NOTICES = 200;

    private final Path folder;
    private final History history;
    private final String settings;

    private Report(Path folder) throws IOException {
        this.folder = folder;
        history = History.read(folder);
        Path job = folder.resolve(JobFile.NAME);
        settings = Files.exists(job) ? Files.readString(job) : "";
    }

    /**
     * Writes the report, in place of an earlier one.
     *
     * @param folder of a run
     * @param grid neighbours to show; if empty, the examples of the run's last evaluation, as far
     *     as the images are still where they were
     * @return the file
     * @throws org.simreg.proto.UserError if there is no run in the folder or it can't be written
     */
    public static Path write(Path folder, Optional<NeighborGrid> grid) {
        Path target = folder.resolve(PastRun.REPORT);
        Disk.write(
                target,
                () -> {
                    Report report = new Report(folder);
                    Path draft = folder.resolve(PastRun.REPORT + ".tmp");
                    Files.writeString(draft, report.page(grid.or(report::examples)));
                    Files.move(draft, target, StandardCopyOption.ATOMIC_MOVE);
                });
        return target;
    }

    private Optional<NeighborGrid> examples() {
        Path dataset = Settings.dataset(settings);
        return history.evaluations().stream()
                .filter(done -> done.getExamplesCount() > 0)
                .reduce((first, second) -> second)
                .map(done -> NeighborGrid.of(done, dataset))
                .filter(grid -> grid.rows().stream().anyMatch(row -> Files.exists(row.query())));
    }

    private String page(Optional<NeighborGrid> grid) {
        String name = folder.toAbsolutePath().normalize().getFileName().toString();
        return Page.of(name, header(name) + sections(grid));
    }

    private String sections(Optional<NeighborGrid> grid) {
        StringBuilder html = new StringBuilder();
        if (!history.ks().isEmpty()) {
            html.append(Html.section("k-NN accuracy, validation against train images", outcome()));
        }
        html.append(Html.section("Training", "<div class=\"cards\">\n" + charts() + "</div>\n"));
        grid.ifPresent(
                rows ->
                        html.append(
                                Html.section(
                                        "Nearest neighbours of some validation images",
                                        legend() + GridHtml.of(rows))));
        notices().ifPresent(list -> html.append(Html.section("Notices", list)));
        html.append(Html.section("Files", files()));
        if (!settings.isEmpty()) {
            html.append(
                    Html.section("Settings", "<pre>%s</pre>\n".formatted(Html.escape(settings))));
        }
        return html.toString();
    }

    private String header(String name) {
        JobStarted job = history.started();
        List<String> facts = new ArrayList<>();
        facts.add(fact("Images", Wording.images(job)));
        facts.add(fact("Plan", Wording.schedule(job)));
        facts.add(fact("Device", job.getDevice()));
        if (history.stepSeconds() > 0) {
            double speed = history.images() / history.stepSeconds();
            String time = Numbers.seconds(history.stepSeconds());
            facts.add(fact("Training time", time + ", " + Numbers.speed(speed) + " images/s"));
        }
        return """
                <header>
                <p class="state">%s</p>
                <h1>%s</h1>
                <p class="what">%s</p>
                <dl>%s</dl>
                </header>
                """
                .formatted(
                        Html.escape(state()),
                        Html.escape(name),
                        Html.escape(job.getDescription()),
                        String.join("", facts));
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

    private static String fact(String name, String value) {
        return "<div>" + Html.element("dt", name) + Html.element("dd", value) + "</div>\n";
    }

    private String outcome() {
        double best =
                history.outcome().stream()
                        .flatMap(done -> done.getKnnList().stream())
                        .mapToDouble(knn -> knn.getAccuracy())
                        .max()
                        .orElse(1);
        StringBuilder html = new StringBuilder("<table>\n<thead><tr><th></th>");
        history.ks().forEach(k -> html.append(Html.element("th", k + "-NN")));
        html.append("</tr></thead>\n<tbody>\n");
        for (EvaluationDone done : history.outcome()) {
            html.append("<tr class=\"")
                    .append(done.getSubject().equals(Subjects.STUDENT) ? "ours" : "theirs")
                    .append("\">")
                    .append(Html.element("th", done.getSubject()));
            history.ks().forEach(k -> html.append(score(History.accuracy(done, k), best)));
            html.append("</tr>\n");
        }
        return html.append("</tbody>\n</table>\n").toString();
    }

    private static String score(Optional<Double> accuracy, double best) {
        if (accuracy.isEmpty()) {
            return "<td>-</td>";
        }
        double width = best > 0 ? 100 * accuracy.get() / best : 0;
        return Numbers.format(
                "<td><span>%s</span><i style=\"width:%.1f%%\"></i></td>",
                Numbers.percent(accuracy.get()), width);
    }

    private String charts() {
        StringBuilder html = new StringBuilder();
        List<Chart.Line> loss = List.of(new Chart.Line("loss", "c1", history.loss()));
        html.append(
                new Chart("Loss: " + Wording.loss(history.started()), loss, false, Numbers::loss)
                        .html());
        if (!history.ks().isEmpty()) {
            html.append(AccuracyChart.of(history).html());
        }
        List<Chart.Line> rate = List.of(new Chart.Line("learning rate", "c2", history.rate()));
        html.append(new Chart("Learning rate", rate, true, Numbers::rate).html());
        if (history.stepSeconds() > 0) {
            html.append(TimeBar.of(history.seconds(), history.stepSeconds()));
        }
        return html.toString();
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
        StringBuilder html = new StringBuilder("<ul>\n");
        all.stream()
                .limit(MOST_NOTICES)
                .forEach(text -> html.append(Html.element("li", text)).append('\n'));
        if (all.size() > MOST_NOTICES) {
            String rest = Numbers.count(all.size() - MOST_NOTICES);
            html.append(Html.element("li", rest + " more in " + MetricsFile.NAME));
        }
        return Optional.of(html.append("</ul>\n").toString());
    }

    private String files() {
        StringBuilder html = new StringBuilder("<ul>\n");
        history.finished()
                .ifPresent(
                        done -> {
                            done.getExportsList().forEach(file -> item(html, file));
                            html.append("<li>SHA-256 of the student's weights<br><code>")
                                    .append(Html.escape(done.getSha256()))
                                    .append("</code></li>\n");
                        });
        history.checkpoint().ifPresent(written -> item(html, written.getFile()));
        item(html, MetricsFile.NAME);
        return html.append("</ul>\n").toString();
    }

    private static void item(StringBuilder html, String file) {
        html.append("<li>").append(Html.link(file)).append("</li>\n");
    }
}
