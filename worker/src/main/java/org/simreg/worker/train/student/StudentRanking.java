package org.simreg.worker.train.student;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.simreg.proto.BestStudent;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.Job;

/**
 * The ranking of a job's students by k-NN accuracy: which are the best, and whether the job ends because none has been
 * better for a while. A pure function of the job and its evaluations; the student and the average of its weights
 * compete, and of equal accuracies the first is the better one.
 */
public final class StudentRanking {
    /** The trained student, as {@code EvaluationDone.subject} names it. */
    public static final String STUDENT = "student";

    /** The average of the student's weights. */
    public static final String AVERAGE = "student average";

    private final Job job;
    private final List<EvaluationDone> evaluations;
    private final List<BestStudent> ranked;

    private StudentRanking(Job job, List<EvaluationDone> evaluations) {
        this.job = job;
        this.evaluations = evaluations;
        List<BestStudent> all = new ArrayList<>();
        evaluations.forEach(done -> score(job, done).ifPresent(all::add));
        all.sort(Comparator.comparingDouble(BestStudent::getAccuracy).reversed());
        ranked = List.copyOf(all);
    }

    /**
     * @param job completed
     * @param evaluations of the job, in any order, perhaps some twice; those of others than the student and its average don't count
     */
    public static StudentRanking of(Job job, List<EvaluationDone> evaluations) {
        return new StudentRanking(
                job,
                evaluations.stream()
                        .filter(StudentRanking::counts)
                        .sorted(Comparator.comparingLong(EvaluationDone::getStep)
                                .thenComparing(EvaluationDone::getSubject))
                        .toList());
    }

    /** Whether an evaluation is of a trained student or its average. */
    public static boolean counts(EvaluationDone done) {
        return done.getStep() > 0
                && (done.getSubject().equals(STUDENT) || done.getSubject().equals(AVERAGE));
    }

    private static Optional<BestStudent> score(Job job, EvaluationDone done) {
        int k = job.getEvaluation().getBestK();
        return done.getKnnList().stream()
                .filter(knn -> knn.getK() == k)
                .map(knn -> BestStudent.newBuilder()
                        .setSubject(done.getSubject())
                        .setEpoch(done.getEpoch())
                        .setStep(done.getStep())
                        .setK(k)
                        .setAccuracy(knn.getAccuracy())
                        .build())
                .findFirst();
    }

    /** Absent where nothing was measured. */
    public Optional<BestStudent> best() {
        return ranked.stream().findFirst();
    }

    /** The best student or average of each step that is among the best, the best first. */
    public List<BestStudent> best(int most) {
        Set<Long> steps = new HashSet<>();
        return ranked.stream()
                .filter(student -> steps.add(student.getStep()))
                .limit(most)
                .toList();
    }

    /** Whether an evaluation would be the new best one. */
    public boolean wouldLead(EvaluationDone done) {
        return counts(done)
                && score(job, done)
                        .filter(score -> best().isEmpty()
                                || score.getAccuracy() > best().get().getAccuracy())
                        .isPresent();
    }

    /** The evaluations from the best one's step on, without examples: they decide as much as all do. */
    public List<EvaluationDone> recent() {
        long from = best().map(BestStudent::getStep).orElse(0L);
        return evaluations.stream()
                .filter(done -> done.getStep() >= from)
                .map(done -> done.toBuilder().clearExamples().build())
                .toList();
    }

    /**
     * The step after which the job ends because the accuracy hasn't risen for {@code evaluation.patience} evaluations.
     * A step where the average is still to be measured doesn't count yet.
     */
    public Optional<Long> end() {
        int patience = job.getEvaluation().getPatience();
        if (patience == 0 || best().isEmpty()) {
            return Optional.empty();
        }
        int subjects = job.getOptimization().getEmaDecay() > 0 ? 2 : 1;
        TreeMap<Long, Set<String>> rounds = new TreeMap<>();
        evaluations.forEach(done ->
                rounds.computeIfAbsent(done.getStep(), step -> new HashSet<>()).add(done.getSubject()));
        return rounds.tailMap(best().get().getStep(), false).entrySet().stream()
                .filter(round -> round.getValue().size() == subjects)
                .skip(patience - 1L)
                .map(Map.Entry::getKey)
                .findFirst();
    }
}
