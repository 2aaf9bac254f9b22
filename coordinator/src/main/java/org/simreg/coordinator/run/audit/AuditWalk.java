package org.simreg.coordinator.run.audit;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.simreg.coordinator.run.audit.Audit.Violation;
import org.simreg.proto.JobFinished;
import org.simreg.proto.LedgerEntry;
import org.simreg.proto.LedgerEntry.Commit;
import org.simreg.proto.LedgerEntry.Rewind;

/** A pass over the entries of a ledger, in order, that notes every violation of the plan. */
final class AuditWalk {
    private final AuditPlan plan;
    private final List<Violation> violations;
    private final Map<Long, Seen> seen = new HashMap<>();
    private final Set<Long> generations = new HashSet<>();
    private int line;
    private long head;
    private long base;
    private long generation;
    private int rewinds;
    private int recomputed;
    private int digests;

    /** The first digest that not all members of this generation reported; null if none. */
    private Partial partial;

    /** A line whose digest not all members reported. */
    private record Partial(int line, long step) {}

    /** The loss and digest of a step in an earlier line; recomputed, it must have them again. */
    private record Seen(int line, float loss, String sha256) {
        boolean sameLoss(Commit commit) {
            return Float.floatToRawIntBits(loss) == Float.floatToRawIntBits(commit.getLoss());
        }

        boolean sameDigest(Commit commit) {
            return sha256.isEmpty() || commit.getSha256().isEmpty() || sha256.equals(commit.getSha256());
        }
    }

    AuditWalk(AuditPlan plan, List<Violation> violations) {
        this.plan = plan;
        this.violations = violations;
    }

    /**
     * @param number of the line, from 1
     */
    void take(LedgerEntry entry, int number) {
        line = number;
        switch (entry.getEntryCase()) {
            case COMMIT -> commit(entry.getCommit());
            case REWIND -> rewind(entry.getRewind());
            default -> wrong("is neither a commit nor a rewind");
        }
    }

    private void commit(Commit commit) {
        if (commit.getStep() != head + 1) {
            wrong("step %d follows step %d".formatted(commit.getStep(), head));
        }
        if (commit.getGeneration() < generation) {
            wrong("generation %d follows generation %d".formatted(commit.getGeneration(), generation));
        }
        samples(commit);
        again(commit);
        digest(commit);
        head = commit.getStep();
        generation = Math.max(generation, commit.getGeneration());
        generations.add(commit.getGeneration());
    }

    private void samples(Commit commit) {
        long step = commit.getStep();
        if (commit.getEpoch() != plan.epoch(step)) {
            wrong("step %d is of epoch %d and should be of epoch %d"
                    .formatted(step, commit.getEpoch(), plan.epoch(step)));
        }
        long first = plan.firstSample(step);
        if (commit.getFirstSample() != first || commit.getSamples() != plan.batch()) {
            wrong("step %d has %d samples from %d on and should have %d from %d on"
                    .formatted(step, commit.getSamples(), commit.getFirstSample(), plan.batch(), first));
        }
    }

    private void again(Commit commit) {
        Seen before = seen.put(commit.getStep(), new Seen(line, commit.getLoss(), commit.getSha256()));
        if (before == null) {
            return;
        }
        recomputed++;
        if (!before.sameLoss(commit)) {
            wrong("step %d has the loss %s and had %s in line %d"
                    .formatted(commit.getStep(), commit.getLoss(), before.loss, before.line));
        }
        if (!before.sameDigest(commit)) {
            wrong("step %d has the SHA-256 %s and had %s in line %d"
                    .formatted(commit.getStep(), commit.getSha256(), before.sha256, before.line));
        }
    }

    private void digest(Commit commit) {
        if (commit.getGeneration() != generation) {
            partial = null;
        }
        boolean there = !commit.getSha256().isEmpty();
        if (!there && plan.digestDue(commit.getStep())) {
            wrong("step %d has no SHA-256, which is due".formatted(commit.getStep()));
        }
        if (there != commit.getDigests() > 0) {
            wrong("has %d digests of '%s'".formatted(commit.getDigests(), commit.getSha256()));
        }
        if (there) {
            digests++;
            members(commit);
        }
    }

    /**
     * Not all members had reported a step yet where it was needed for a checkpoint, or where the
     * next generation began because a member was lost. Otherwise one must not be missing.
     */
    private void members(Commit commit) {
        Integer members = plan.members().get(commit.getGeneration());
        if (members == null) {
            return;
        }
        if (commit.getDigests() > members) {
            wrong("%d of %d members agree".formatted(commit.getDigests(), members));
        } else if (commit.getDigests() == members) {
            refusePartial(commit.getStep());
        } else if (partial == null) {
            partial = new Partial(line, commit.getStep());
        }
    }

    /**
     * @param next step that all members have reported
     */
    private void refusePartial(long next) {
        if (partial != null && !plan.broughtForward(partial.step, next)) {
            violations.add(new Violation(
                    partial.line,
                    "not all members of generation %d reported the digest of step %d, and neither the next generation nor a checkpoint explains it"
                            .formatted(generation, partial.step)));
        }
        partial = null;
    }

    private void rewind(Rewind rewind) {
        rewinds++;
        if (line == 1) {
            base = rewind.getStep();
        } else if (rewind.getStep() > head) {
            wrong("goes back to step %d from step %d".formatted(rewind.getStep(), head));
        }
        if (rewind.getGeneration() < generation || rewind.getGeneration() == generation && !rewind.getChanged()) {
            wrong("generation %d begins after generation %d".formatted(rewind.getGeneration(), generation));
        }
        if (rewind.getChanged()) {
            seen.clear(); // steps that come again are others
        }
        head = rewind.getStep();
        generation = Math.max(generation, rewind.getGeneration());
        partial = null;
    }

    /** After the last line. */
    void end() {
        line = 0;
        JobFinished finished = plan.finished();
        if (finished.getStep() > 0 && finished.getStep() == head) {
            refusePartial(Long.MAX_VALUE);
        }
        if (finished.getStep() > head) {
            wrong("the run finished at step %d and the last step here is %d".formatted(finished.getStep(), head));
        }
        Seen last = seen.get(finished.getStep());
        if (last != null
                && !last.sameDigest(
                        Commit.newBuilder().setSha256(finished.getSha256()).build())) {
            wrong("the run finished with the SHA-256 %s and line %d has %s"
                    .formatted(finished.getSha256(), last.line, last.sha256));
        }
    }

    private void wrong(String what) {
        violations.add(new Violation(line, what));
    }

    String summary() {
        long dropped = plan.images() == 0 ? 0 : plan.images() - plan.stepsPerEpoch() * plan.batch();
        return """
                steps        %s
                epochs       %d, of %s%s
                generations  %d
                rewinds      %d, %d steps recomputed
                digests      %d
                """.formatted(
                        head == base ? "none" : (base + 1) + " to " + head,
                        head == base ? 0 : plan.epoch(head),
                        plan.stepsPerEpoch() == 0
                                ? "an unknown number of steps"
                                : plan.stepsPerEpoch() + " steps of " + plan.batch() + " samples",
                        dropped > 0 ? ", " + dropped + " dropped" : "",
                        generations.size(),
                        rewinds,
                        recomputed,
                        digests);
    }
}
