package org.simreg.worker.train.teacher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.Cache;
import org.simreg.proto.Job;
import org.simreg.proto.JobSettings;
import org.simreg.proto.Network;
import org.simreg.worker.train.SmallRun;

/** Tests of filling stores without training: 25 pictures in two views, by micro-batches of 6. */
class FeatureFillerTest {
    @TempDir
    Path folder;

    private Job job;

    @BeforeEach
    void twoViews() {
        Job.Builder asked = SmallRun.job(SmallRun.teacher(folder, Network.MOBILENET_V2, 1));
        asked.getViewsBuilder().setSize(16);
        asked.getOptimizationBuilder().setBatch(12).setMicroBatches(2);
        asked.getCacheBuilder().setViews(2).setPrecision(Cache.Format.FLOAT32);
        asked.getCacheBuilder().setStore(folder.resolve("store").toString());
        job = JobSettings.complete(asked.build());
    }

    private FeatureFiller open() {
        return FeatureFiller.open(job, SmallRun.settings(folder, 1, 2), notice -> {});
    }

    @Test
    void whatWasStoppedGoesOnWhereItWas() {
        List<Long> first = new ArrayList<>();
        try (FeatureFiller fill = open()) {
            assertFalse(fill.fill(FeatureFiller.Part.WHOLE, (done, all) -> first.add(done), () -> first.size() == 3));
        }
        assertEquals(List.of(6L, 12L, 18L), first);
        List<Long> second = new ArrayList<>();
        try (FeatureFiller fill = open()) {
            assertTrue(fill.fill(FeatureFiller.Part.WHOLE, (done, all) -> second.add(done), () -> false));
        }
        // The last time it tells that nothing is missing.
        assertEquals(List.of(24L, 25L, 31L, 37L, 43L, 49L, 50L, 50L), second);
    }

    @Test
    void ofAPartItsOwnImagesAreCounted() {
        List<Long> counts = new ArrayList<>();
        try (FeatureFiller fill = open()) {
            fill.fill(new FeatureFiller.Part(2, 2), (done, all) -> counts.addAll(List.of(done, all)), () -> false);
        }
        assertEquals(List.of(6L, 25L), counts.subList(0, 2));
        assertEquals(List.of(25L, 25L), counts.subList(counts.size() - 2, counts.size()));
    }
}
