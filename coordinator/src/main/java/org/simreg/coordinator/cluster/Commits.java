package org.simreg.coordinator.cluster;

import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.simreg.proto.Committed;
import org.simreg.proto.Generation;
import org.simreg.proto.StepDone;

/** What the members of one generation have reported of its steps. */
final class Commits {
    private final Generation generation;
    private final Set<String> members = new HashSet<>();
    private final TreeMap<Long, Row> rows = new TreeMap<>();
    private long highest;

    /**
     * A step.
     *
     * @param told by rank 0 if it has reported, else by whoever did first
     * @param sha256 digest of the state; empty if none was due
     * @param digests members that reported it
     */
    record Whole(StepDone told, String sha256, int digests) {}

    private static final class Row {
        private final String first;
        private final int loss;
        private final Set<String> reporters = new HashSet<>();
        private StepDone told;
        private String digester = "";
        private String sha256 = "";
        private int digests;

        Row(String first, StepDone told) {
            this.first = first;
            this.loss = bits(told);
            this.told = told;
        }
    }

    /**
     * @param ledger last step in the ledger, which needs no report
     */
    Commits(Generation generation, long ledger) {
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
        boolean settled = step <= ledger && !rows.containsKey(step);
        if (!members.contains(worker) || step <= generation.getStep() || settled) {
            return Optional.empty();
        }
        Row row = rows.computeIfAbsent(step, key -> new Row(worker, report.getStep()));
        if (!row.reporters.add(worker)) {
            return Optional.empty();
        }
        highest = Math.max(highest, step);
        if (worker.equals(generation.getMembers(0).getWorker())) {
            row.told = report.getStep();
        }
        return row.loss != bits(report.getStep())
                ? Optional.of(losses(row, worker, report.getStep()))
                : digest(row, worker, report);
    }

    /** The last step that anyone has reported; the generation's start if none. */
    long highest() {
        return highest;
    }

    /** The last step that follows {@code step} without a gap in what was reported. */
    long reaches(long step) {
        long reached = step;
        while (rows.containsKey(reached + 1)) {
            reached++;
        }
        return reached;
    }

    /**
     * A step that can go to the ledger.
     *
     * @param all whether every member must have reported it
     */
    Optional<Whole> whole(long step, boolean all) {
        Row row = rows.get(step);
        if (row == null || all && !row.reporters.containsAll(members)) {
            return Optional.empty();
        }
        return Optional.of(new Whole(row.told, row.sha256, row.digests));
    }

    /** Forgets steps that are in the ledger and that every member has reported. */
    void forget(long ledger) {
        while (!rows.isEmpty()
                && rows.firstKey() <= ledger
                && rows.firstEntry().getValue().reporters.containsAll(members)) {
            rows.pollFirstEntry();
        }
    }

    private static Optional<String> digest(Row row, String worker, Committed report) {
        if (report.getSha256().isEmpty()) {
            return Optional.empty();
        }
        if (row.sha256.isEmpty()) {
            row.sha256 = report.getSha256();
            row.digester = worker;
        }
        row.digests++;
        return row.sha256.equals(report.getSha256())
                ? Optional.empty()
                : Optional.of(
                        "After step %d the weights of %s have the SHA-256 %s, those of %s %s: one of them computes wrongly or has another profile; take it out of the cluster and resume the job"
                                .formatted(
                                        report.getStep().getStep(),
                                        row.digester,
                                        row.sha256,
                                        worker,
                                        report.getSha256()));
    }

    private static String losses(Row row, String worker, StepDone told) {
        return "In step %d %s computed the loss %s, %s %s: one of them computes wrongly or has another profile; take it out of the cluster and resume the job"
                .formatted(
                        told.getStep(),
                        row.first,
                        Float.intBitsToFloat(row.loss),
                        worker,
                        (float) told.getLoss());
    }

    private static int bits(StepDone told) {
        return Float.floatToIntBits((float) told.getLoss());
    }
}
