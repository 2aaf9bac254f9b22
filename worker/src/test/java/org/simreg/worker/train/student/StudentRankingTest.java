package org.simreg.worker.train.student;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.simreg.proto.BestStudent;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.Job;
import org.simreg.proto.KnnScore;

class StudentRankingTest {
    private static Job job(int patience, double ema) {
        Job.Builder job = Job.newBuilder();
        job.getEvaluationBuilder().setBestK(20).setPatience(patience);
        job.getOptimizationBuilder().setEmaDecay(ema);
        return job.build();
    }

    private static EvaluationDone done(String subject, int epoch, double accuracy) {
        return EvaluationDone.newBuilder()
                .setSubject(subject)
                .setEpoch(epoch)
                .setStep(10L * epoch)
                .addKnn(KnnScore.newBuilder().setK(1).setAccuracy(1 - accuracy))
                .addKnn(KnnScore.newBuilder().setK(20).setAccuracy(accuracy))
                .build();
    }

    private static List<EvaluationDone> students(double... accuracies) {
        List<EvaluationDone> all = new ArrayList<>();
        for (int i = 0; i < accuracies.length; i++) {
            all.add(done("student", i + 1, accuracies[i]));
        }
        return all;
    }

    @Test
    void ofEqualAccuraciesTheFirstIsTheBest() {
        StudentRanking ranking = StudentRanking.of(job(0, 0), students(0.1, 0.4, 0.4, 0.2));
        assertEquals(List.of(20L, 30L), steps(ranking.best(2)));
        assertEquals(List.of(20L, 30L, 40L, 10L), steps(ranking.best(9)));
        assertFalse(ranking.wouldLead(done("student", 5, 0.4)));
        assertTrue(ranking.wouldLead(done("student", 5, 0.41)));
        assertFalse(ranking.wouldLead(done("teacher", 5, 0.9)), "teachers don't compete");
        assertEquals(Optional.empty(), StudentRanking.of(job(1, 0), List.of()).best());
    }

    @Test
    void patienceEndsAJobWhenNoneOfSoManyEvaluationsWasBetter() {
        assertEquals(
                Optional.empty(),
                StudentRanking.of(job(0, 0), students(0.5, 0.1, 0.1, 0.1)).end());
        assertEquals(
                Optional.empty(),
                StudentRanking.of(job(3, 0), students(0.5, 0.1, 0.1)).end());
        assertEquals(
                Optional.of(40L),
                StudentRanking.of(job(3, 0), students(0.5, 0.1, 0.5, 0.1)).end());
        assertEquals(
                Optional.empty(),
                StudentRanking.of(job(2, 0), students(0.5, 0.1, 0.51, 0.1)).end());
    }

    @Test
    void anEpochWhoseAverageIsStillToBeMeasuredDoesNotCount() {
        List<EvaluationDone> all = new ArrayList<>(List.of(
                done("student", 1, 0.3),
                done("student average", 1, 0.5),
                done("student", 2, 0.4),
                done("student average", 2, 0.4),
                done("student", 3, 0.4)));
        assertEquals(Optional.empty(), StudentRanking.of(job(2, 0.9), all).end());
        assertEquals(
                "student average",
                StudentRanking.of(job(2, 0.9), all).best().orElseThrow().getSubject());
        all.add(done("student average", 3, 0.5));
        assertEquals(Optional.of(30L), StudentRanking.of(job(2, 0.9), all).end());
    }

    /** A worker that leads from the middle on is told only of the best one and those after it. */
    @Test
    void neitherOrderNorRepetitionNorWhatCameBeforeTheBestDecides() {
        Random random = new Random(7);
        for (int i = 0; i < 300; i++) {
            double[] accuracies = random.doubles(1 + random.nextInt(12))
                    .map(value -> Math.round(5 * value) / 5.0)
                    .toArray();
            Job job = job(1 + random.nextInt(4), 0);
            List<EvaluationDone> all = students(accuracies);
            StudentRanking whole = StudentRanking.of(job, all);
            List<EvaluationDone> recent = new ArrayList<>(whole.recent());
            assertEquals(whole.end(), StudentRanking.of(job, recent).end());
            assertEquals(whole.best(), StudentRanking.of(job, recent).best());
            recent.addAll(List.copyOf(recent));
            Collections.shuffle(recent, random);
            assertEquals(whole.end(), StudentRanking.of(job, recent).end());
            assertEquals(whole.best(), StudentRanking.of(job, recent).best());
        }
    }

    private static List<Long> steps(List<BestStudent> students) {
        return students.stream().map(BestStudent::getStep).toList();
    }
}
