package org.simreg.coordinator.view.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.simreg.coordinator.run.log.Events;
import org.simreg.coordinator.view.console.RunProgress.Style;
import org.simreg.proto.BrokenImage;
import org.simreg.proto.JobState;
import org.simreg.proto.Notice;
import org.simreg.proto.Progress;

class RunProgressTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    @Test
    void withoutATerminalThereIsALineAnEvent() {
        assertEquals("""
                teacher.pth -> resnet18
                images: 33 train, 1,012 val, 5 classes
                3 epochs of 4 steps of 8 images on cpu
                before  student at random: 1-NN 9.2 %  20-NN 10.1 %  (1.5 s)
                before  teacher: 1-NN 37.6 %  20-NN 40.2 %  (1.5 s)
                note: train/a/broken.png can't be decoded
                epoch 1/3  loss 0.3750  lr 0.0500  16 images/s  2.0 s  \
                data 10%  teacher 20%  student 50%  reduce 0%  update 10%
                epoch 1/3  student: 1-NN 10.0 %  20-NN 12.0 %  (1.5 s)
                """, shown(Style.LINES, Events.run(0)).lines().limit(8).reduce("", (a, b) -> a + b + "\n"));
    }

    @Test
    void imagesThatCouldNotBeReadAreCountedAtTheEnd() {
        List<Progress> events = new ArrayList<>(List.of(Events.started(0)));
        for (String file : List.of("a.png", "b.png", "a.png")) {
            Notice notice = Notice.newBuilder()
                    .setText(file + " is empty")
                    .setBroken(BrokenImage.newBuilder().setFile(file))
                    .build();
            events.add(Progress.newBuilder().setNotice(notice).build());
        }
        events.add(Events.notice("c.png can't be used: it only sounds like one"));
        events.add(Events.finished());
        String shown = shown(Style.LINES, events);
        assertTrue(shown.contains("note: images that couldn't be read: 2; others took their places"), shown);
    }

    @Test
    void aFewBrokenImagesAreNamedAndTheOthersCounted() {
        List<Progress> events = new ArrayList<>(List.of(Events.started(0)));
        for (int i = 0; i < 1000; i++) {
            Notice notice = Notice.newBuilder()
                    .setText(i + ".png is empty")
                    .setBroken(BrokenImage.newBuilder().setFile(i + ".png"))
                    .build();
            events.add(Progress.newBuilder().setNotice(notice).build());
        }
        events.add(Events.finished());
        String shown = shown(Style.LINES, events);
        assertEquals(
                10, shown.lines().filter(line -> line.contains(".png is empty")).count());
        assertEquals(
                1,
                shown.lines()
                        .filter(line -> line.contains("named in the run's report.html"))
                        .count());
        assertTrue(shown.contains("note: images that couldn't be read: 1000; others took their places"), shown);
    }

    @Test
    void aLongEpochGivesALineEveryThirtySecondsAtMost() {
        List<Progress> events = Events.run(0);
        Progress first = Events.step(1, 1);
        String shown = shown(
                Style.LINES,
                List.of(
                        events.get(0),
                        later(first, 10_000),
                        later(first, 31_000),
                        later(first, 60_000),
                        later(Events.step(5, 2), 61_500)));
        assertEquals(2, shown.lines().filter(line -> line.contains("step ")).count(), shown);
        assertTrue(shown.endsWith("epoch 2/3  step 5/12  16 images/s  loss 0.8000  lr 0.0250  3.5 s left\n"), shown);
    }

    @Test
    void aResumedRunSaysWhereItGoesOn() {
        assertTrue(shown(Style.LINES, Events.run(4)).contains("continuing after step 4\n"));
    }

    @Test
    void whoTrainsAndWhyAJobStandsIsToldWhereItIsNews() {
        Progress.Builder alone = Progress.newBuilder();
        alone.getGenerationBuilder().setNumber(1).addWorkers("w1").setReason("first");
        Progress.Builder both = Progress.newBuilder();
        both.getGenerationBuilder().setNumber(2).setStep(7).setReason("w2 came");
        both.getGenerationBuilder().addWorkers("w1").addWorkers("w2");
        Progress.Builder runs = Progress.newBuilder();
        runs.getStateBuilder().setState(JobState.RUNNING).setReason("it begins");
        Progress.Builder waits = Progress.newBuilder();
        waits.getStateBuilder().setState(JobState.QUEUED).setReason("all workers are gone");
        assertEquals(
                "generation 2 after step 7 on w1, w2: w2 came\nqueued: all workers are gone\n",
                shown(Style.LINES, List.of(alone.build(), runs.build(), both.build(), waits.build())));
    }

    @Test
    void quietSaysWhatIsAmissAndNothingElse() {
        assertEquals("note: train/a/broken.png can't be decoded\n", shown(Style.QUIET, Events.run(0)));
    }

    @Test
    void theBarLeavesTheLinesAndIsGoneInTheEnd() {
        String shown = shown(Style.BAR, Events.run(0));
        assertTrue(shown.contains("epoch 3/3  loss 0.3750  lr 0.0167  16 images/s  2.0 s\n"), shown);
        String lastBar = shown.substring(shown.lastIndexOf("time in"));
        assertTrue(lastBar.endsWith("\r\u001b[K\u001b[A\r\u001b[K"), lastBar);
    }

    @Test
    void fileNamesCanNotMoveTheCursor() {
        String shown = shown(Style.LINES, List.of(Events.notice("train/\u001b[2J\n.png is empty")));
        assertEquals("note: train/?[2J?.png is empty\n", shown);
    }

    private String shown(Style style, List<Progress> events) {
        PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
        try (RunProgress line = new RunProgress(new TerminalBar(out, true, () -> 80), style)) {
            events.forEach(line);
        }
        return bytes.toString(StandardCharsets.UTF_8).replace(System.lineSeparator(), "\n");
    }

    private static Progress later(Progress event, long ms) {
        return event.toBuilder().setTimeMs(Events.START_MS + ms).build();
    }
}
