package org.simreg.coordinator.job.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.simreg.proto.Generation;
import org.simreg.proto.GenerationBegun.Cause;

class GenerationPlannerTest {
    private static Generation generation(String workers) {
        Generation.Builder generation = Generation.newBuilder();
        for (String worker : workers.split(" ")) {
            if (!worker.equals("-")) {
                generation.addMembersBuilder().setWorker(worker);
            }
        }
        return generation.build();
    }

    @ParameterizedTest
    @CsvSource({
        "-, a b, a b, BEGIN",
        "a b, a b c, a b c, JOIN",
        "a b, a, a b, LEAVE",
        "a b, a, a, LOSS",
        "a b, a c, a b c, EXCHANGE",
        "a b, a c, a c, LOSS",
        "a b, b a, a b, SAME"
    })
    void aGenerationIsCountedByWhoCameAndWhoWent(String before, String after, String attending, Cause cause) {
        Set<String> there = Set.copyOf(List.of(attending.split(" ")));
        Decision.Begin begin = new Decision.Begin(generation(after), false, new Phase.Training(0));
        assertEquals(cause, GenerationPlanner.cause(generation(before), begin, there::contains));
    }

    @Test
    void aGenerationThatOnlyStoresACheckpointIsCountedAsThat() {
        Decision.Begin begin =
                new Decision.Begin(generation("a"), false, new Phase.Halting(0, true, Phase.HaltReason.PAUSE, 1));
        assertEquals(Cause.CHECKPOINT, GenerationPlanner.cause(generation("a b"), begin, name -> true));
        assertEquals(Cause.LOSS, GenerationPlanner.cause(generation("a b"), begin, "a"::equals));
    }
}
