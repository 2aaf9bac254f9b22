package org.simreg.coordinator.run.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.InvalidProtocolBufferException;
import org.junit.jupiter.api.Test;
import org.simreg.proto.Progress;
import org.simreg.proto.StepDone;

class EventJsonTest {
    @Test
    void everyEventOfARunSurvivesItsLine() throws InvalidProtocolBufferException {
        for (Progress event : Events.run(0)) {
            assertEquals(event, EventJson.parse(EventJson.line(event)));
        }
    }

    @Test
    void whatEndsALineOrAStringIsEscaped() throws InvalidProtocolBufferException {
        Progress nasty = Events.notice("a\nb\r\"c\\ \u2028 \t\u0000 naïve 🦞 </script>");
        String line = EventJson.line(nasty);
        assertFalse(line.contains("\n") || line.contains("\u2028"), line);
        assertEquals(nasty, EventJson.parse(line));
    }

    @Test
    void largeNumbersAreNumbersAndZerosAreWritten() {
        String line = EventJson.line(Events.started(0));
        assertTrue(line.contains("\"total_steps\":12,"), line);
        assertTrue(line.contains("\"resumed_step\":0,"), line);
        assertTrue(line.contains("\"time_ms\":1700000000000"), line);
    }

    @Test
    void aLossThatIsNoNumberCanBeReadBack() throws InvalidProtocolBufferException {
        Progress lost = Progress.newBuilder()
                .setStep(StepDone.newBuilder().setLoss(Double.NaN).setLr(1 / 0.0))
                .build();
        assertEquals(lost, EventJson.parse(EventJson.line(lost)));
    }

    @Test
    void fieldsOfLaterVersionsAreSkipped() throws InvalidProtocolBufferException {
        String later = "{\"step\":{\"step\":3,\"mood\":[1,{\"a\":null}]},\"weather\":\"fine\"}";
        assertEquals(3, EventJson.parse(later).getStep().getStep());
    }
}
