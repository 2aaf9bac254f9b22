package org.simreg.bench.scale;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.bench.scale.StepTime.Exchange;
import org.simreg.proto.UserError;

/** A simulated job goes on as a real one does: it loses time by failures, and nothing else. */
@Timeout(60)
class SimulatedJobTest {
    private static final Path FILE = Path.of("scale.yaml");
    private final CostModel model = CostModel.read(FILE);

    private double images(CostModel of, int workers) {
        return new SimulatedJob(of, 4, 10).run(workers).images();
    }

    @Test
    void withoutFailuresItTrainsFromWhenTheWorkersHaveLoadedToTheEnd() {
        CostModel sound = model.with("hours_between_failures", 0);
        StepTime time = StepTime.of(sound, 4, 4, 0, 10, Exchange.ALL_TO_ALL);
        double trained = 1 - (sound.number("load_seconds") + sound.number("begin_seconds")) / (24 * 3600);
        assertEquals(trained * 4 * 64 / time.seconds(), images(sound, 4), 1e-3);
        assertEquals(1, new SimulatedJob(sound, 4, 10).run(4).generations());
    }

    @Test
    void eachLossAndEachReturnIsAGenerationAndCostsSeconds() {
        CostModel weak = model.with("hours_between_failures", 2);
        SimulatedJob.Outcome outcome = new SimulatedJob(weak, 4, 10).run(4);
        double part = outcome.images() / images(model.with("hours_between_failures", 0), 4);
        // 48 failures a day are to be expected, each of which leaves three of four members for two minutes.
        assertTrue(outcome.generations() > 60 && outcome.generations() < 140, outcome + "");
        assertTrue(part > 0.9 && part < 0.99, part + "");
    }

    @Test
    void helpersMakeItFasterAndTheirLossIsNoGeneration() {
        CostModel sound = model.with("hours_between_failures", 0);
        assertTrue(images(sound, 6) > 1.3 * images(sound, 4));
        SimulatedJob.Outcome many = new SimulatedJob(model.with("hours_between_failures", 1000), 4, 10).run(64);
        assertTrue(many.generations() < 8, many + "");
    }

    @Test
    void theReduceHidesUntilTheBandwidthIsTooSmall() {
        assertTrue(StepTime.of(model, 4, 4, 0, 10, Exchange.ALL_TO_ALL).hides());
        assertTrue(!StepTime.of(model, 4, 4, 0, 0.1, Exchange.ALL_TO_ALL).hides());
        assertEquals(0, StepTime.of(model, 4, 1, 0, 0.1, Exchange.ALL_TO_ALL).reduce());
    }

    @Test
    void aNameThatIsNotKnownOrMissingIsRefusedWithTheFile(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("costs.yaml");
        Files.writeString(file, Files.readString(FILE) + "teachers: 1\n");
        String said = assertThrows(UserError.class, () -> CostModel.read(file)).getMessage();
        assertTrue(said.contains("costs.yaml: there is no teachers; known are "), said);
        Files.writeString(file, Files.readString(FILE).replace("rows: 64", "rows: many"));
        said = assertThrows(UserError.class, () -> CostModel.read(file)).getMessage();
        assertTrue(said.endsWith("rows is many; give a number, zero or more"), said);
    }
}
