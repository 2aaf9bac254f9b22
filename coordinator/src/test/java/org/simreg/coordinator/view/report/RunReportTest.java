package org.simreg.coordinator.view.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.run.log.Events;
import org.simreg.coordinator.run.log.MetricsFile;
import org.simreg.coordinator.view.console.RunSummary;
import org.simreg.coordinator.view.report.NeighborGrid.Neighbor;
import org.simreg.coordinator.view.report.NeighborGrid.Row;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.Example;
import org.simreg.proto.KnnScore;
import org.simreg.proto.Loss;
import org.simreg.proto.Progress;
import org.simreg.proto.UserError;

class RunReportTest {
    private static final String ATTACK = "</script><!--<script><img src=x onerror=alert('x')>\"&";

    @TempDir
    Path temporary;

    @Test
    void aFinishedRunIsToldInFull() throws IOException {
        String page = page(record(Events.run(0)), Optional.empty());
        for (String part : List.of(
                "finished 14 Nov 2023, 22:13 UTC",
                "teacher.pth -&gt; resnet18",
                "<th>student at random</th>",
                "9.2 %",
                "<tr class=\"ours\"><th>student</th><td>30.0 %<progress value=\"0.7463\"",
                "<td>40.2 %<progress value=\"1.0000\"",
                "can&#39;t be decoded",
                "5eed".repeat(16),
                "href=\"./student/resnet18.onnx\"",
                "their numbers are in <a href=\"./metrics.jsonl\">",
                "seed: 0")) {
            assertTrue(page.contains(part), part);
        }
    }

    @Test
    void theChartsShowTheNumbersOfTheEvents() throws IOException {
        List<Progress> events = Events.run(0);
        PageParts page = new PageParts(page(record(events), Optional.empty()));
        JsonArray loss = new JsonArray();
        JsonArray rate = new JsonArray();
        JsonArray scores = new JsonArray();
        for (Progress event : events) {
            if (event.hasStep()) {
                double epoch = event.getStep().getStep() / (double) Events.STEPS_PER_EPOCH;
                loss.add(LineChart.point(epoch, event.getStep().getLoss()));
                rate.add(LineChart.point(epoch, event.getStep().getLr()));
            }
            EvaluationDone done = event.getEvaluation();
            for (KnnScore knn : done.getKnnList()) {
                JsonObject score = new JsonObject();
                score.addProperty("subject", done.getSubject());
                score.addProperty("epoch", done.getEpoch());
                score.addProperty("k", knn.getK());
                score.addProperty("accuracy", knn.getAccuracy());
                scores.add(score);
            }
        }
        assertEquals(Events.STEPS, loss.size());
        assertEquals(loss.toString(), page.points("Loss: 2 - 2 cos", "loss").toString());
        assertEquals(
                rate.toString(), page.points("Learning rate", "learning rate").toString());
        assertEquals(scores.toString(), card(page, "accuracy").get("scores").toString());
        JsonObject pace = card(page, "time").getAsJsonObject("pace");
        assertEquals(Events.STEPS, pace.get("steps").getAsInt());
        assertEquals(6, pace.get("seconds").getAsDouble(), 1e-9);
        JsonObject parts = pace.getAsJsonObject("parts");
        assertEquals(List.of("data", "teacher", "student", "reduce", "update", "other"), List.copyOf(parts.keySet()));
        assertEquals(3, parts.get("student").getAsDouble(), 1e-9);
        double all = parts.asMap().values().stream()
                .mapToDouble(part -> part.getAsDouble())
                .sum();
        assertEquals(6, all, 1e-9);
    }

    @Test
    void theAverageStandsBesideTheStudentAndClippedGradientsHaveAChart() throws IOException {
        List<Progress> events = new ArrayList<>();
        JsonArray norms = new JsonArray();
        for (Progress event : Events.run(0)) {
            Progress.Builder changed = event.toBuilder();
            if (event.hasStep()) {
                double norm = 2.0 / event.getStep().getStep();
                changed.getStepBuilder().setGradientNorm(norm);
                norms.add(LineChart.point(event.getStep().getStep() / (double) Events.STEPS_PER_EPOCH, norm));
            } else if (event.hasFinished()) {
                changed.getFinishedBuilder().addExports("student-average/resnet18.pth");
            }
            events.add(changed.build());
            if (event.hasEvaluation() && event.getEvaluation().getSubject().equals("student")) {
                events.add(Events.evaluation(
                        "student average", event.getEvaluation().getEpoch(), 0.31, 0.42));
            }
        }
        Path run = record(events);
        PageParts page = new PageParts(page(run, Optional.empty()));
        String text = page.page();
        assertTrue(text.contains("<th>student average</th><td>31.0 %"), text);
        assertTrue(text.indexOf("<th>student</th>") < text.indexOf("<th>student average</th>"), text);
        assertTrue(text.indexOf("<th>student average</th>") < text.indexOf("<th>teacher"), text);
        assertEquals(
                norms.toString(),
                page.points("Norm of the gradient, before it is clipped", "norm")
                        .toString());
        String summary = RunSummary.text(run);
        assertTrue(summary.contains("average     " + run.resolve("student-average/resnet18.pth")), summary);
    }

    private static JsonObject card(PageParts page, String kind) {
        return page.cards().stream()
                .filter(card -> card.get("kind").getAsString().equals(kind))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void severalTeachersAndTheSquaredLossAreNamed() throws IOException {
        List<Progress> events = new ArrayList<>();
        for (Progress event : Events.run(0)) {
            Progress.Builder changed = event.toBuilder();
            if (event.hasStep()) {
                changed.getStepBuilder().addEachTeacherSeconds(0.07).addEachTeacherSeconds(0.03);
            } else if (event.hasStarted()) {
                changed.getStartedBuilder().setLoss(Loss.SQUARED);
            }
            events.add(changed.build());
        }
        PageParts page = new PageParts(page(record(events), Optional.empty()));
        assertTrue(page.page().contains("images, loss |q - t|^2"));
        assertEquals(Events.STEPS, page.points("Loss: |q - t|^2", "loss").size());
        JsonObject parts = card(page, "time").getAsJsonObject("pace").getAsJsonObject("parts");
        assertEquals(0.84, parts.get("teacher 1").getAsDouble(), 1e-9);
        assertEquals(0.36, parts.get("teacher 2").getAsDouble(), 1e-9);
        assertFalse(parts.has("teacher"));
    }

    @Test
    void thePageRunsOurScriptOnlyAndAsksForNothingFromOutside() throws Exception {
        String page = page(record(Events.run(0)), Optional.of(grid(image(90, 60, "png"))));
        new PageParts(page).assertSelfContained();
    }

    @Test
    void nothingThatIsShownCanBecomeMarkup() throws Exception {
        List<Progress> events = new ArrayList<>(Events.run(0));
        events.add(3, Events.notice(ATTACK));
        events.add(4, Events.evaluation(ATTACK, 0, 0.5, 0.5));
        Path run = record(events);
        Files.writeString(run.resolve("job.yaml"), "name: " + ATTACK);
        Path file = image(20, 20, "png");
        Neighbor near = new Neighbor(file, ATTACK, 0.5);
        NeighborGrid grid = new NeighborGrid(List.of(new Row(file, ATTACK, List.of(near))));
        PageParts page = new PageParts(page(run, Optional.of(grid)));
        page.assertSelfContained();
        assertEquals(0, page.count("<img src=x"));
        assertEquals(0, page.count("<!--"));
        assertTrue(
                page.count("&lt;/script&gt;&lt;!--&lt;script&gt;&lt;img src=x"
                                + " onerror=alert(&#39;x&#39;)&gt;&quot;&amp;")
                        >= 5,
                "table, grid, notice and settings show it as text");
        assertTrue(
                card(page, "accuracy").getAsJsonArray("scores").asList().stream()
                        .anyMatch(score -> score.getAsJsonObject()
                                .get("subject")
                                .getAsString()
                                .equals(ATTACK)),
                "the chart names it as it is");
    }

    @Test
    void aRunThatGoesOnAndOneWithoutAStepHaveAReportToo() throws IOException {
        Path run = record(Events.run(0).subList(0, 7));
        Files.writeString(run.resolve("metrics.jsonl"), "{\"step\":{\"st", StandardOpenOption.APPEND);
        assertTrue(page(run, Optional.empty()).contains("not finished: step 3 of 12"));
        Files.writeString(run.resolve("metrics.jsonl"), "");
        assertTrue(page(run, Optional.empty()).contains("not finished: step 0 of 0"));
    }

    @Test
    void aLossThatIsNoNumberLeavesAGap() throws IOException {
        List<Progress> events = new ArrayList<>(Events.run(0));
        Progress.Builder lost = Events.step(6, 2).toBuilder();
        lost.getStepBuilder().setLoss(Double.NaN);
        events.replaceAll(event -> event.equals(Events.step(6, 2)) ? lost.build() : event);
        PageParts page = new PageParts(page(record(events), Optional.empty()));
        assertFalse(page.page().contains("NaN,"));
        JsonArray points = page.points("Loss: 2 - 2 cos", "loss");
        assertEquals("[1.5,null]", points.get(5).toString());
        assertEquals(1 / 7.0, points.get(6).getAsJsonArray().get(1).getAsDouble(), 1e-3);
    }

    @Test
    void neighboursAreMarkedByTheirClassAndTheirImagesLieInThePage() throws IOException {
        Path file = image(40, 40, "png");
        String page = page(record(Events.run(0)), Optional.of(grid(file)));
        assertEquals(1, new PageParts(page).count("<figure class=\"same\""));
        assertEquals(2, new PageParts(page).count("<figure class=\"other\""));
        assertEquals(1, new PageParts(page).count("no image"));
        assertEquals(3, new PageParts(page).count("src=\"data:image/png;base64,"));
    }

    @Test
    void theExamplesOfTheRunAreShownWhenNoGridIsGiven() throws IOException {
        Path file = image(40, 40, "png");
        List<Progress> events = new ArrayList<>(Events.run(0));
        EvaluationDone.Builder last = Events.evaluation("student", 3, 0.3, 0.32).getEvaluation().toBuilder();
        last.addExamples(Example.newBuilder()
                .setFile(file.getFileName().toString())
                .setLabel("crab")
                .addNeighbors(Example.Neighbor.newBuilder()
                        .setFile(file.getFileName().toString())
                        .setLabel("crab")
                        .setCosine(0.75)));
        events.add(Progress.newBuilder().setEvaluation(last).build());
        Path run = record(events);
        Files.writeString(run.resolve("job.yaml"), "dataset:\n  path: " + temporary + "\n");
        assertTrue(page(run, Optional.empty()).contains("<small>0.75</small>"));
        Files.writeString(run.resolve("job.yaml"), "dataset:\n  path: /moved/elsewhere\n");
        assertFalse(page(run, Optional.empty()).contains("<small>0.75</small>"));
    }

    @Test
    void aLargePhotographIsReduced() throws IOException {
        Path photograph = image(2000, 1500, "jpg");
        assertTrue(Files.size(photograph) > 500_000);
        String address = Thumbnail.of(photograph).orElseThrow();
        assertTrue(address.length() < 100_000, "" + address.length());
        Path broken = temporary.resolve("broken.tif");
        Files.writeString(broken, "not an image");
        assertEquals(Optional.empty(), Thumbnail.of(broken));
    }

    @Test
    void aFolderWithoutARunIsRefused() {
        UserError refused = assertThrows(UserError.class, () -> RunReport.write(temporary, Optional.empty()));
        assertTrue(refused.getMessage().contains("metrics.jsonl"));
    }

    @Test
    void theFinalTableComparesBeforeAndAfter() {
        Path run = record(Events.run(0));
        assertEquals(
                """

                k-NN accuracy           1-NN     20-NN
                student at random      9.2 %    10.1 %
                student               30.0 %    32.0 %
                teacher               37.6 %    40.2 %

                sha256      %s
                run folder  %s
                student     %s
                            %s
                report      %s
                """.replace("%\n", "%%\n").replace("%  ", "%%  ").formatted(
                        "5eed".repeat(16),
                        run,
                        run.resolve("student/resnet18.pth"),
                        run.resolve("student/resnet18.onnx"),
                        run.resolve("report.html")),
                RunSummary.text(run).replace(System.lineSeparator(), "\n"));
    }

    @Test
    void whatNetworksCostStandsBesideTheirAccuracy() throws IOException {
        List<Progress> events = new ArrayList<>(Events.run(0));
        events.replaceAll(event -> {
            Progress.Builder priced = event.toBuilder();
            if (event.hasEvaluation() && event.getEvaluation().getSubject().equals("teacher")) {
                priced.getEvaluationBuilder().getCostBuilder().setImagesPerSecond(1234.5);
            } else if (event.hasEvaluation()) {
                priced.getEvaluationBuilder()
                        .getCostBuilder()
                        .setParameters(11_176_512)
                        .setFlop(3_628_146_688L)
                        .setImagesPerSecond(8.44);
            }
            return priced.build();
        });
        Path run = record(events);
        List<String> lines = RunSummary.text(run).lines().toList();
        assertEquals("k-NN accuracy           1-NN     20-NN  parameters       MFLOP    images/s", lines.get(1));
        assertEquals("student               30.0 %    32.0 %      11.2 M       3,628         8.4", lines.get(3));
        assertEquals("teacher               37.6 %    40.2 %           -           -       1,235", lines.get(4));
        String page = page(run, Optional.empty());
        assertTrue(page.contains("<th>MFLOP</th>"), "the page has the same columns");
        assertTrue(page.contains("<td>3,628</td>"), page);
    }

    private Path record(List<Progress> events) {
        Path path = temporary.resolve("run");
        try {
            Files.createDirectories(path);
            Files.writeString(path.resolve("job.yaml"), "seed: 0\n");
            try (MetricsFile metrics = MetricsFile.append(path)) {
                for (Progress event : events) {
                    metrics.write(event);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return path;
    }

    private static String page(Path run, Optional<NeighborGrid> grid) throws IOException {
        return Files.readString(RunReport.write(run, grid));
    }

    private NeighborGrid grid(Path file) {
        Neighbor same = new Neighbor(file, "crab", 0.98);
        Neighbor other = new Neighbor(file, "shrimp", 0.91);
        Neighbor absent = new Neighbor(temporary.resolve("gone.png"), "shrimp", 0.9);
        return new NeighborGrid(List.of(new Row(file, "crab", List.of(same, other, absent))));
    }

    private Path image(int width, int height, String format) throws IOException {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Random random = new Random(2);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                image.setRGB(x, y, random.nextInt(1 << 24));
            }
        }
        Path file = temporary.resolve("image." + format);
        ImageIO.write(image, format, file.toFile());
        return file;
    }
}
