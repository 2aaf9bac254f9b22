package org.simreg.worker.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.simreg.proto.Job;
import org.simreg.proto.UserError;
import org.simreg.worker.data.loader.BatchLoader;
import org.simreg.worker.data.view.View;
import org.simreg.worker.data.view.ViewRecipe;

/** Tests of the samples of each step, for every size of data set, batch and micro-batch. */
class TrainingPlanTest {
    private static final List<View> VIEWS = View.each(new ViewRecipe.RandomView(32, 0.2, false));

    @Test
    void everySampleComesExactlyOnceAnEpochButForTheLastIncompleteBatch() {
        SplittableRandom random = new SplittableRandom(11);
        for (int round = 0; round < 200; round++) {
            int parts = 1 + random.nextInt(6);
            int batch = parts * (2 + random.nextInt(9));
            int images = batch + random.nextInt(200);
            TrainingPlan plan = plan(images, batch, parts, 3, 0, round);
            Iterator<BatchLoader.Request> requests = requests(plan, 0);
            String sizes = images + " images, batch " + batch + " in " + parts;
            for (int epoch = 0; epoch < 3; epoch++) {
                Set<Integer> seen = epoch(requests, plan, epoch, sizes);
                assertEquals(images - images % batch, seen.size(), sizes);
                assertTrue(seen.stream().allMatch(id -> id >= 0 && id < images), sizes);
            }
            assertFalse(requests.hasNext(), sizes);
        }
    }

    private static BatchLoader.Request asked(int epoch, int[] ids) {
        return new BatchLoader.Request(epoch, ids, VIEWS);
    }

    private static Iterator<BatchLoader.Request> requests(TrainingPlan plan, long from) {
        return plan.requests(TrainingPlanTest::asked, from, 0, plan.microBatches());
    }

    @Test
    void theSharesOfAllWorkersTogetherAreTheWholeBatchInItsOrder() {
        TrainingPlan plan = plan(53, 12, 6, 2, 0, 1);
        Iterator<BatchLoader.Request> whole = requests(plan, 2);
        List<Iterator<BatchLoader.Request>> shares = List.of(
                plan.requests(TrainingPlanTest::asked, 2, 0, 3),
                plan.requests(TrainingPlanTest::asked, 2, 3, 1),
                plan.requests(TrainingPlanTest::asked, 2, 4, 2));
        List<Integer> owners = List.of(0, 0, 0, 1, 2, 2);
        for (int part = 0; whole.hasNext(); part++) {
            Iterator<BatchLoader.Request> share = shares.get(owners.get(part % 6));
            assertArrayEquals(whole.next().ids(), share.next().ids(), "micro-batch " + part);
        }
        shares.forEach(share -> assertFalse(share.hasNext()));
    }

    private static Set<Integer> epoch(
            Iterator<BatchLoader.Request> requests, TrainingPlan plan, int epoch, String sizes) {
        Set<Integer> seen = new HashSet<>();
        for (long i = 0; i < plan.stepsPerEpoch() * plan.microBatches(); i++) {
            BatchLoader.Request request = requests.next();
            assertEquals(epoch, request.epoch(), sizes);
            assertEquals(plan.batch() / plan.microBatches(), request.ids().length, sizes);
            IntStream.of(request.ids()).forEach(id -> assertTrue(seen.add(id), sizes));
        }
        return seen;
    }

    @Test
    void requestsFromAStepAreTheTailOfThoseFromTheStart() {
        TrainingPlan plan = plan(53, 12, 3, 4, 0, 1);
        List<BatchLoader.Request> all = new ArrayList<>();
        requests(plan, 0).forEachRemaining(all::add);
        assertEquals(plan.steps() * 3, all.size());
        for (long from = 0; from <= plan.steps(); from++) {
            List<BatchLoader.Request> tail = new ArrayList<>();
            requests(plan, from).forEachRemaining(tail::add);
            List<BatchLoader.Request> expected = all.subList((int) from * 3, all.size());
            assertEquals(expected.size(), tail.size());
            for (int i = 0; i < tail.size(); i++) {
                assertArrayEquals(expected.get(i).ids(), tail.get(i).ids());
                assertEquals(expected.get(i).epoch(), tail.get(i).epoch());
            }
        }
    }

    @Test
    void whatIsLeftOutDiffersFromEpochToEpoch() {
        TrainingPlan plan = plan(50, 40, 1, 2, 0, 1);
        Iterator<BatchLoader.Request> requests = requests(plan, 0);
        assertNotEquals(epoch(requests, plan, 0, ""), epoch(requests, plan, 1, ""));
    }

    @Test
    void aLimitOfStepsCutsTheSameRunShort() {
        TrainingPlan limited = plan(50, 10, 2, 4, 7, 1);
        assertEquals(7, limited.steps());
        assertTrue(limited.endsEpoch(4));
        assertFalse(limited.endsEpoch(5));
        assertTrue(limited.endsEpoch(6), "the job's end ends its epoch");
        assertEquals(20, plan(50, 10, 2, 4, 99, 1).steps());
        Iterator<BatchLoader.Request> cut = requests(limited, 0);
        Iterator<BatchLoader.Request> all = requests(plan(50, 10, 2, 4, 0, 1), 0);
        cut.forEachRemaining(r -> assertArrayEquals(all.next().ids(), r.ids()));
    }

    @Test
    void aDataSetSmallerThanABatchIsRefusedWithBothNumbers() {
        UserError refused = assertThrows(UserError.class, () -> plan(31, 32, 1, 1, 0, 1));
        assertEquals(
                "optimization.batch is 32 but photos has only 31 train images; choose a batch of at most 31",
                refused.getMessage());
    }

    private static TrainingPlan plan(int images, int batch, int parts, int epochs, long most, long seed) {
        Job.Builder job = Job.newBuilder().setSeed(seed);
        job.getDatasetBuilder().addPath("photos");
        job.getOptimizationBuilder()
                .setBatch(batch)
                .setMicroBatches(parts)
                .setEpochs(epochs)
                .setMaxSteps(most);
        return TrainingPlan.of(job.build(), images);
    }
}
