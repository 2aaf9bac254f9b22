package org.simreg.coordinator.job;

import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.simreg.proto.Committed;
import org.simreg.proto.Generation;
import org.simreg.proto.StepDone;

/** The commit reports of one generation's members, by step. */
final class StepReports {
    private final Generation generation;
    private final Set<String> members = new HashSet<>();
    private final TreeMap<Long, ReportedStep> steps = new TreeMap<>();
    private long highest;

    /**
     * A step that has been reported by all whose reports it needs.
     *
     * @param told by rank 0 if it has reported, else by whoever did first
     * @param sha256 digest of the state; empty if none was due
     * @param digests members that reported it
     */
    record CompleteStep(StepDone told, String sha256, int digests) {}

    /** A step as some members have reported it. */
    private static final class ReportedStep {
        private final String first;
        private final int loss;
        private final Set<String> reporters = new HashSet<>();
        private StepDone told;
        private String digester = "";
        private String sha256 = "";
        private int digests;

        ReportedStep(String first, StepDone told) {
            this.first = first;
            this.loss = bits(told);
            this.told = told;
        }
    }

    /**
     * @param ledger last step in the ledger, which needs no report
     */
    StepReports(Generation generation, long ledger) {
        this.generation = generation;
        this.highest = Math.max(generation.getStep(), ledger);
        generation.getMembersList().forEach(member -> members.add(member.getWorker()));
    }

    /**
     * Takes a report of this generation; a repeated one changes nothing.
     *
     * @param ledger last step in the ledger
     * @return what the members disagree about, one sentence
     */
    Optional<String> report(String worker, Committed report, long ledger) {
        long step = report.getStep().getStep();
        boolean settled = step <= ledger && !steps.containsKey(step);
        if (!members.contains(worker) || step <= generation.getStep() || settled) {
            return Optional.empty();
        }
        ReportedStep reported = steps.computeIfAbsent(step, key -> new ReportedStep(worker, report.getStep()));
        if (!reported.reporters.add(worker)) {
            return Optional.empty();
        }
        highest = Math.max(highest, step);
        if (worker.equals(generation.getMembers(0).getWorker())) {
            reported.told = report.getStep();
        }
        return reported.loss != bits(report.getStep())
                ? Optional.of(losses(reported, worker, report.getStep()))
                : digest(reported, worker, report);
    }

    /** The last step that anyone has reported; the generation's start if none. */
    long highest() {
        return highest;
    }

    /** The last step that follows {@code step} without a gap in what was reported. */
    long reaches(long step) {
        long reached = step;
        while (steps.containsKey(reached + 1)) {
            reached++;
        }
        return reached;
    }

    /**
     * A step that can go to the ledger.
     *
     * @param all whether every member must have reported it
     */
    Optional<CompleteStep> complete(long step, boolean all) {
        ReportedStep reported = steps.get(step);
        if (reported == null || all && !reported.reporters.containsAll(members)) {
            return Optional.empty();
        }
        return Optional.of(new CompleteStep(reported.told, reported.sha256, reported.digests));
    }

    /** Forgets steps that are in the ledger and that every member has reported. */
    void forget(long ledger) {
        while (!steps.isEmpty()
                && steps.firstKey() <= ledger
                && steps.firstEntry().getValue().reporters.containsAll(members)) {
            steps.pollFirstEntry();
        }
    }

    private static Optional<String> digest(ReportedStep reported, String worker, Committed report) {
        if (report.getSha256().isEmpty()) {
            return Optional.empty();
        }
        if (reported.sha256.isEmpty()) {
            reported.sha256 = report.getSha256();
            reported.digester = worker;
        }
        reported.digests++;
        return reported.sha256.equals(report.getSha256())
                ? Optional.empty()
                : Optional.of(
                        "After step %d the weights of %s have the SHA-256 %s, those of %s %s: one of them computes wrongly or has another profile; take it out of the cluster and resume the job"
                                .formatted(
                                        report.getStep().getStep(),
                                        reported.digester,
                                        reported.sha256,
                                        worker,
                                        report.getSha256()));
    }

    private static String losses(ReportedStep reported, String worker, StepDone told) {
        return "In step %d %s computed the loss %s, %s %s: one of them computes wrongly or has another profile; take it out of the cluster and resume the job"
                .formatted(told.getStep(), reported.first, Float.intBitsToFloat(reported.loss), worker, (float)
                        told.getLoss());
    }

    private static int bits(StepDone told) {
        return Float.floatToIntBits((float) told.getLoss());
    }
}
