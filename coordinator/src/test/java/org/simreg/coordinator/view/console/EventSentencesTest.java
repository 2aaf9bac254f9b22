package org.simreg.coordinator.view.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.ZoneOffset;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.simreg.coordinator.run.log.Events;
import org.simreg.proto.JobState;
import org.simreg.proto.Progress;

class EventSentencesTest {
    private final EventSentences text = new EventSentences(ZoneOffset.UTC);

    @Test
    void everyEventOfARunIsOneLineWithItsTime() {
        List<String> lines = Events.run(0).stream().map(text::line).toList();
        assertTrue(
                lines.stream().allMatch(line -> line.matches("2023-11-14 22:1\\d:\\d\\d\\.\\d{3}  \\p{Print}+")),
                String.join("\n", lines));
        assertEquals(
                "2023-11-14 22:13:20.000  teacher.pth -> resnet18; images: 33 train, 1,012 val,"
                        + " 5 classes; 3 epochs of 4 steps of 8 images on cpu",
                lines.get(0));
        assertTrue(lines.get(4).contains("  epoch 1/3  step 1  loss "), lines.get(4));
    }

    @Test
    void generationsAndStatesSayWhy() {
        Progress.Builder begun = Progress.newBuilder();
        begun.getGenerationBuilder().setNumber(3).setStep(120).setReason("w3 was lost");
        begun.getGenerationBuilder().addWorkers("w1").addWorkers("w2");
        assertTrue(text.line(begun.build()).endsWith("  generation 3 after step 120 on w1, w2: w3 was lost"));
        Progress.Builder state = Progress.newBuilder();
        state.getStateBuilder().setState(JobState.PAUSED).setReason("asked\nby a client");
        assertTrue(text.line(state.build()).endsWith("  paused: asked; by a client"));
        assertTrue(text.line(Progress.getDefaultInstance()).contains("does not know"));
    }
}
