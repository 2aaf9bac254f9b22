package org.simreg.worker.train.teacher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.Cache;
import org.simreg.proto.Job;
import org.simreg.proto.JobSettings;
import org.simreg.proto.Network;
import org.simreg.proto.UserError;
import org.simreg.worker.train.SmallRun;
import org.simreg.worker.weights.checkpoint.WeightsFile;
import org.simreg.worker.weights.format.Safetensors;
import org.simreg.worker.weights.tensor.HostTensor;
import org.simreg.worker.weights.tensor.LazyTensor;
import org.simreg.worker.weights.tensor.StateDict;

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

    @Test
    void featuresThatAreNoNumbersAreRefusedWithTheImageAndNotKept() {
        Path broken = folder.resolve("broken.safetensors");
        StateDict weights = WeightsFile.contents(Path.of(SmallRun.teacher(folder, Network.RESNET18, 2)))
                .tensors();
        Map<String, LazyTensor> changed = new LinkedHashMap<>();
        weights.names().forEach(one -> changed.put(one, weights.stored(one)));
        // Finite themselves, they overflow.
        for (String name : List.of("layer4.1.bn2.weight", "layer4.1.bn2.bias")) {
            float[] values = weights.stored(name).load().floats();
            Arrays.fill(values, Float.MAX_VALUE);
            changed.put(name, LazyTensor.of(HostTensor.of(values, weights.shape(name))));
        }
        Safetensors.write(broken, new StateDict(changed));
        Job.Builder other = job.toBuilder();
        other.getTeachersBuilder(0).setSource(broken.toString()).setNetwork(Network.RESNET18);
        job = other.build();
        for (int time = 0; time < 2; time++) {
            try (FeatureFiller fill = open()) {
                UserError refused = assertThrows(
                        UserError.class, () -> fill.fill(FeatureFiller.Part.WHOLE, (done, all) -> {}, () -> false));
                assertTrue(
                        refused.getMessage()
                                .startsWith("The features that " + broken + " gives for ../scripts/sample/"),
                        refused.getMessage());
                assertTrue(refused.getMessage().contains("are no finite numbers (Infinity)"), refused.getMessage());
            }
        }
    }
}
