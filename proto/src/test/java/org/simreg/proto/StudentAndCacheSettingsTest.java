package org.simreg.proto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.simreg.proto.JobSettingsTest.assertSays;
import static org.simreg.proto.JobSettingsTest.refusal;
import static org.simreg.proto.JobSettingsTest.refusalOf;
import static org.simreg.proto.JobSettingsTest.smallest;
import static org.simreg.proto.JobSettingsTest.withSelf;

import org.junit.jupiter.api.Test;

/** What is filled in and refused of the student and of features that are kept. */
class StudentAndCacheSettingsTest {
    @Test
    void aModuleTakesThePlaceOfTheNetwork() {
        Job.Builder asked = smallest();
        asked.getStudentBuilder().setModule("/n/tiny.pt");
        asked.getDatasetBuilder().setPath(0, "/d/data");
        Job job = JobSettings.complete(asked.build());
        assertFalse(job.getStudent().hasNetwork());
        assertEquals("tiny-data", job.getName());
        assertEquals(job, JobSettings.complete(job));
    }

    @Test
    void aModuleGoesNeitherWithANetworkNorWithBfloat16() {
        String said = refusal(job -> {
            job.setPrecision(Precision.BFLOAT16);
            job.getStudentBuilder().setModule("n.pt").setNetwork(Network.RESNET18);
        });
        assertSays(said, "student.network (--student): resnet18 has no effect with a module");
        assertSays(said, "precision (--precision): bfloat16 does not go with a module");
    }

    @Test
    void aStudentStartsFromOneFile() {
        assertSays(
                refusal(job -> job.getStudentBuilder().setInit("a.pth").setRestart("runs/b")),
                "student.restart (--restart): takes the student's weights from its file, and so"
                        + " does student.init; leave one of them out");
    }

    @Test
    void theBestStudentIsThatOfTheFirstNumberOfNeighboursUnlessOneOfThemIsNamed() {
        Job.Builder asked = smallest();
        asked.getEvaluationBuilder().addK(5).addK(20);
        assertEquals(5, JobSettings.complete(asked.build()).getEvaluation().getBestK());
        asked.getEvaluationBuilder().setBestK(20);
        assertEquals(20, JobSettings.complete(asked.build()).getEvaluation().getBestK());
        assertSays(
                refusal(job -> job.getEvaluationBuilder().addK(5).addK(20).setBestK(1)),
                "evaluation.best_k (--best-k): 1 is none of evaluation.k, 5,20; choose one of them");
        assertSays(
                refusal(job -> job.getEvaluationBuilder().setPatience(3).setEveryEpochs(0)),
                "evaluation.patience (--patience): 3 has no effect where nothing is measured before the end");
    }

    @Test
    void anEmptyTextIsNotTakenForAbsent() {
        assertSays(
                refusal(job -> job.getStudentBuilder().setInit(" ")),
                "student.init (--init): is empty; give a value or leave it out");
    }

    @Test
    void aCacheIsFilledInOnlyWhereViewsComeAgain() {
        assertFalse(JobSettings.complete(smallest().build()).hasCache());
        Job.Builder asked = smallest();
        asked.getCacheBuilder().setViews(5);
        Job job = JobSettings.complete(asked.build());
        assertEquals(Cache.Format.FLOAT32, job.getCache().getPrecision());
        assertEquals("runs/resnet18-emoji/features", job.getCache().getStore());
        assertEquals(job, JobSettings.complete(job));
        asked.getCacheBuilder().setPrecision(Cache.Format.NONE);
        assertFalse(JobSettings.complete(asked.build()).getCache().hasStore());
        asked.getCacheBuilder().clear().setFixed(true);
        asked.getViewsBuilder().setPolicy(Views.Policy.WEAK_WEAK);
        assertTrue(JobSettings.complete(asked.build()).getCache().hasStore());
    }

    @Test
    void aCacheThatCouldNotServeIsRefused() {
        assertSays(
                refusal(job -> job.getCacheBuilder().setStore("features")),
                "cache: has no effect without views that come again; ask for --cache-views");
        assertSays(
                refusalOf(withSelf(), job -> job.getCacheBuilder().setViews(2)),
                "cache: can't keep features of the teacher self, which changes; remove");
        assertSays(
                refusal(job -> job.getCacheBuilder()
                        .setViews(2)
                        .setPrecision(Cache.Format.NONE)
                        .setStore("features")),
                "cache.store (--cache-store): has no effect with the precision none");
        assertSays(
                refusal(job -> job.getCacheBuilder().setViews(100_001)),
                "cache.views (--cache-views): 100001 is out of bounds");
    }

    @Test
    void aFixedViewNeedsTwoDrawsAndNoOthers() {
        assertSays(
                refusal(job -> job.getCacheBuilder().setFixed(true).setViews(3)),
                "for 2 reasons",
                "cache.views (--cache-views): 3 does not go with cache.fixed",
                "cache.fixed (--cache-fixed): true does not go with the policy same-weak, by which",
                "choose weak-weak, weak-strong or strong-strong");
    }

    @Test
    void aSinglePixelBeforeMobileNetsLastStrideIsRefusedInBfloat16() {
        assertSays(
                refusal(job -> {
                    job.setPrecision(Precision.BFLOAT16);
                    job.getStudentBuilder().setNetwork(Network.MOBILENET_V2);
                    job.getViewsBuilder().setSize(16);
                }),
                "views.size (--size): 16 px leave mobilenet-v2 in bfloat16 gradients that can't be"
                        + " repeated to the bit; choose more than 16, or the precision float32");
    }
}
