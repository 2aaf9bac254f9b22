package org.simreg.coordinator.status;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.status.NeighborGrid.Neighbor;
import org.simreg.coordinator.status.NeighborGrid.Row;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.Example;
import org.simreg.proto.Loss;
import org.simreg.proto.Progress;
import org.simreg.proto.UserError;
import org.xml.sax.InputSource;

class ReportTest {
    private static final String ATTACK = "<script>alert('x')</script>\"&";

    @TempDir Path temporary;

    @Test
    void aFinishedRunIsToldInFull() throws IOException {
        String page = page(record(Events.run(0)), Optional.empty());
        for (String part :
                List.of(
                        "finished 14 Nov 2023, 22:13 UTC",
                        "teacher.pth -&gt; resnet18",
                        "<th>student at random</th>",
                        "9.2 %",
                        "30.0 %",
                        "40.2 %",
                        "student 20-NN: 32.0 % at epoch 3",
                        "loss: 0.0833 at epoch 3",
                        "can&#39;t be decoded",
                        "5eed".repeat(16),
                        "href=\"./student/resnet18.onnx\"",
                        "seed: 0")) {
            assertTrue(page.contains(part), part);
        }
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
        String page = page(record(events), Optional.empty());
        for (String part :
                List.of(
                        "</i>teacher 1</th><td>14.0 %</td>",
                        "</i>teacher 2</th><td>6.0 %</td>",
                        "Loss: |q - t|^2",
                        "images, loss |q - t|^2")) {
            assertTrue(page.contains(part), part);
        }
        assertFalse(page.contains("</i>teacher</th>"));
    }

    @Test
    void thePageAsksForNothingFromOutside() throws IOException {
        String page = page(record(Events.run(0)), Optional.of(grid(image(90, 60, "png"))));
        Matcher source = Pattern.compile("(?:src|href|url)\\s*[=(]\\s*\"?([^\" )]*)").matcher(page);
        while (source.find()) {
            String target = source.group(1);
            assertTrue(target.startsWith("data:") || target.startsWith("./"), target);
        }
        assertFalse(page.contains("<script"));
        assertFalse(page.contains("http"));
    }

    @Test
    void nothingThatIsShownCanBecomeMarkup() throws IOException {
        List<Progress> events = new ArrayList<>(Events.run(0));
        events.add(3, Events.notice(ATTACK));
        events.add(4, Events.evaluation(ATTACK, 0, 0.5, 0.5));
        Path run = record(events);
        Files.writeString(run.resolve("job.yaml"), "name: " + ATTACK);
        Path file = image(20, 20, "png");
        Neighbor near = new Neighbor(file, ATTACK, 0.5);
        NeighborGrid grid = new NeighborGrid(List.of(new Row(file, ATTACK, List.of(near))));
        String page = page(run, Optional.of(grid));
        assertFalse(page.contains("<script"));
        assertTrue(page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;"));
    }

    @Test
    void drawingsAreWellFormed() throws Exception {
        String page = page(record(Events.run(0)), Optional.empty());
        Matcher svg = Pattern.compile("<svg.*?</svg>", Pattern.DOTALL).matcher(page);
        int drawings = 0;
        while (svg.find()) {
            DocumentBuilderFactory.newInstance()
                    .newDocumentBuilder()
                    .parse(new InputSource(new StringReader(svg.group())));
            drawings++;
        }
        assertEquals(3, drawings);
    }

    @Test
    void aRunThatGoesOnAndOneWithoutAStepHaveAReportToo() throws IOException {
        Path run = record(Events.run(0).subList(0, 7));
        Files.writeString(
                run.resolve("metrics.jsonl"), "{\"step\":{\"st", StandardOpenOption.APPEND);
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
        String page = page(record(events), Optional.empty());
        assertFalse(page.contains("NaN"));
        assertTrue(page.contains("loss: 0.1429 at epoch 1.8"));
    }

    @Test
    void neighboursAreMarkedByTheirClassAndTheirImagesLieInThePage() throws IOException {
        Path file = image(40, 40, "png");
        String page = page(record(Events.run(0)), Optional.of(grid(file)));
        assertEquals(1, count(page, "<figure class=\"same\""));
        assertEquals(2, count(page, "<figure class=\"other\""));
        assertEquals(1, count(page, "no image"));
        assertEquals(3, count(page, "src=\"data:image/png;base64,"));
    }

    @Test
    void theExamplesOfTheRunAreShownWhenNoGridIsGiven() throws IOException {
        Path file = image(40, 40, "png");
        List<Progress> events = new ArrayList<>(Events.run(0));
        EvaluationDone.Builder last =
                Events.evaluation("student", 3, 0.3, 0.32).getEvaluation().toBuilder();
        last.addExamples(
                Example.newBuilder()
                        .setFile(file.getFileName().toString())
                        .setLabel("crab")
                        .addNeighbors(
                                Example.Neighbor.newBuilder()
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
        UserError refused =
                assertThrows(UserError.class, () -> Report.write(temporary, Optional.empty()));
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
                """
                        .replace("%\n", "%%\n")
                        .replace("%  ", "%%  ")
                        .formatted(
                                "5eed".repeat(16),
                                run,
                                run.resolve("student/resnet18.pth"),
                                run.resolve("student/resnet18.onnx"),
                                run.resolve("report.html")),
                FinalTable.text(run).replace(System.lineSeparator(), "\n"));
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
        return Files.readString(Report.write(run, grid));
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

    private static int count(String text, String part) {
        return text.split(Pattern.quote(part), -1).length - 1;
    }
}
