package org.simreg.coordinator.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.run.log.EventJson;
import org.simreg.coordinator.view.report.EvalPage;
import org.simreg.coordinator.view.report.RunReport;
import org.simreg.proto.EvalReport;
import org.simreg.proto.EvalRow;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.JobStarted;
import org.simreg.proto.KnnScore;
import org.simreg.proto.Progress;
import org.simreg.proto.StepDone;

/** Reports of a run and an evaluation, opened as files in a real browser. */
@Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ReportInBrowserTest {
    /** For people to look at. */
    private static final Path PICTURES = Path.of("target");

    private static final String MARKUP = "</script><!--<script><img src=x onerror=\"document.title='owned'\">";

    @TempDir
    static Path folder;

    private static Chromium browser;

    @BeforeAll
    static void open() throws Exception {
        browser = new Chromium(Files.createDirectory(folder.resolve("browser")));
    }

    @AfterAll
    static void close() throws Exception {
        browser.close();
    }

    private static Path run() throws IOException {
        List<Progress.Builder> events = new ArrayList<>();
        JobStarted.Builder job = JobStarted.newBuilder().setDescription(MARKUP);
        job.setTotalSteps(40).setStepsPerEpoch(10).setEpochs(4).setBatch(8).setDevice("cpu");
        events.add(Progress.newBuilder().setStarted(job));
        events.add(score("student at random", 0, 0.05));
        events.add(score(MARKUP, 0, 0.4));
        for (int step = 1; step <= 40; step++) {
            StepDone.Builder done = StepDone.newBuilder().setStep(step).setLoss(2.0 / step);
            done.setLr(0.05).setSeconds(0.5).setStudentSeconds(0.25).setImages(8);
            done.addEachTeacherSeconds(0.125).addEachTeacherSeconds(0.125);
            events.add(Progress.newBuilder().setStep(done));
            if (step % 10 == 0) {
                events.add(score("student", step / 10, 0.1 + step / 200.0));
            }
        }
        StringBuilder lines = new StringBuilder();
        events.forEach(event -> lines.append(EventJson.line(event.build())).append('\n'));
        Path run = Files.createDirectory(folder.resolve("run"));
        Files.writeString(run.resolve("metrics.jsonl"), lines);
        return RunReport.write(run, Optional.empty());
    }

    private static Progress.Builder score(String subject, int epoch, double accuracy) {
        EvaluationDone.Builder done = EvaluationDone.newBuilder().setSubject(subject);
        done.setEpoch(epoch).addKnn(KnnScore.newBuilder().setK(20).setAccuracy(accuracy));
        return Progress.newBuilder().setEvaluation(done);
    }

    private static String label(int chart) {
        return String.valueOf(
                browser.value("document.querySelectorAll('.chart .drawing')[%d].ariaLabel".formatted(chart)));
    }

    @Test
    void aReportDrawsItsChartsAndLetsNothingElseRun() throws Exception {
        browser.size(1180, 1400);
        browser.dark(false);
        browser.open(run().toUri());
        browser.await("document.querySelectorAll('#charts .chart path').length === 4");
        browser.picture(PICTURES.resolve("report.png"));
        assertTrue(label(0).startsWith("Loss: 2 - 2 cos: loss 0.05000 at epoch 4."), label(0));
        assertTrue(label(1).contains("student, k = 20 30.0 % at epoch 4, " + MARKUP), label(1));
        assertTrue(label(2).contains("learning rate 0.05000 at epoch 4"), label(2));
        assertEquals(
                "data teacher 1 teacher 2 student reduce update other",
                browser.value("[...document.querySelectorAll('.parts th')].map(th => th.childNodes[1]"
                        + ".textContent).join(' ')"));
        assertEquals(1, browser.value("document.querySelectorAll('.chart .dash path').length"));
        browser.value("document.querySelector('.chart .drawing').focus()");
        browser.key("Home");
        browser.await("document.querySelector('.chart .hint').innerText === 'epoch 0.1: loss 2.000'");
        assertEquals(List.of(), browser.errors());
        assertEquals(0, browser.value("document.querySelectorAll('img').length"));
        browser.value("document.body.append(Object.assign(document.createElement('script'),"
                + " {textContent: 'document.title = \"owned\"'}))");
        assertEquals("run - simreg", browser.value("document.title"));
    }

    @Test
    void anEvaluationsPageNamesThePlacesOfItsNetwork() throws Exception {
        EvalReport.Builder report = EvalReport.newBuilder().setCommand("stages").setWeights("x");
        for (int place = 1; place <= 30; place++) {
            report.addRows(EvalRow.newBuilder()
                    .setLayer("backbone.stage" + place)
                    .setK(20)
                    .setAccuracy(place / 100.0));
        }
        Path page = folder.resolve("eval.html");
        Files.writeString(page, EvalPage.of(report.build()));
        browser.size(500, 900);
        browser.dark(true);
        browser.open(page.toUri());
        browser.await("document.querySelectorAll('#charts .chart path').length === 1");
        browser.picture(PICTURES.resolve("report-eval.png"));
        assertTrue(label(0).contains("20-NN 30.0 % at backbone.stage30."), label(0));
        assertEquals(30, browser.value("document.querySelectorAll('.chart circle').length"));
        assertTrue((int) browser.value("document.documentElement.scrollWidth") <= 500);
        assertEquals(
                0,
                browser.value("(() => {const labels = [...document.querySelectorAll('.axes text')]"
                        + ".filter(text => text.getAttribute('transform')).map(text =>"
                        + " text.getBoundingClientRect().right); return labels.slice(1)"
                        + ".filter((right, i) => right - labels[i] < 20).length})()"),
                "labels that run into each other");
    }
}
