package org.simreg.coordinator.run.audit;

import com.google.protobuf.InvalidProtocolBufferException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ObjIntConsumer;
import java.util.stream.Stream;
import org.simreg.coordinator.run.log.Ledger;
import org.simreg.coordinator.run.log.LedgerLine;
import org.simreg.coordinator.run.log.LedgerText;
import org.simreg.proto.LedgerEntry;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.UserFile;
import org.simreg.worker.weights.checkpoint.RunWeights;

/**
 * The result of an audit: whether, by its ledger, a run lost or doubled a step or a sample. The rules: lines are as
 * they were written, steps follow one another, generations never fall, every place of an epoch comes once, recomputed
 * steps have the bits they had, digests are there where they are due and from all members; and the bytes of each
 * checkpoint have the digest that they were written with. Reads only; the run may be
 * going on.
 *
 * @param summary what the ledger holds, for people; several lines
 * @param violations in the order of the lines; none if the ledger is clean
 */
public record Audit(String summary, List<Violation> violations) {
    public Audit {
        violations = List.copyOf(violations);
    }

    /**
     * A rule that the ledger breaks.
     *
     * @param line from 1; 0 if it is about the whole ledger, -1 if about a checkpoint
     * @param what one sentence
     */
    public record Violation(int line, String what) {
        private static final int CHECKPOINT = -1;

        @Override
        public String toString() {
            return switch (line) {
                case 0 -> "ledger: " + what;
                case CHECKPOINT -> "checkpoint: " + what;
                default -> "line " + line + ": " + what;
            };
        }
    }

    /**
     * Audits the run in a folder.
     *
     * @throws UserError if there is no ledger, or it can't be read
     */
    public static Audit of(Path folder) {
        Path ledger = folder.resolve(Ledger.NAME);
        if (!Files.isRegularFile(ledger)) {
            throw new UserError(
                    "There is no %s in %s to audit; give the run folder of a job that the coordinator has run"
                            .formatted(Ledger.NAME, folder));
        }
        AuditPlan plan = AuditPlan.read(folder);
        return Disk.read(ledger, () -> {
            try (FileChannel file = UserFile.open(ledger)) {
                Audit audit = of(LedgerText.map(ledger, file), plan);
                return audit.with(checkpoints(folder.resolve(RunWeights.FOLDER)));
            }
        });
    }

    private Audit with(List<Violation> more) {
        return new Audit(
                summary, Stream.concat(violations.stream(), more.stream()).toList());
    }

    /** Reads all bytes of each checkpoint; one that is replaced by newer ones meanwhile is passed over. */
    private static List<Violation> checkpoints(Path folder) {
        List<Violation> damaged = new ArrayList<>();
        for (Path file : RunWeights.list(folder)) {
            try {
                if (RunWeights.job(file).isEmpty()) {
                    damaged.add(new Violation(Violation.CHECKPOINT, file + " is no checkpoint of a run"));
                }
            } catch (UserError e) {
                if (Files.exists(file)) {
                    damaged.add(new Violation(Violation.CHECKPOINT, e.getMessage()));
                }
            }
        }
        return damaged;
    }

    private static Audit of(ByteBuffer ledger, AuditPlan plan) {
        List<Violation> violations = new ArrayList<>();
        List<Violation> unread = new ArrayList<>();
        AuditPlan.Shape seen = new AuditPlan.Shape();
        entries(ledger, unread, (entry, line) -> seen.add(entry));
        AuditWalk walk = new AuditWalk(plan.or(seen), violations);
        int lines = entries(ledger, violations, walk::take);
        walk.end();
        return new Audit(lines + " lines\n" + walk.summary(), violations);
    }

    /**
     * @param each gets the entries that can be read, and their line from 1
     * @return lines in all, but for an unfinished last one
     */
    private static int entries(ByteBuffer ledger, List<Violation> violations, ObjIntConsumer<LedgerEntry> each) {
        int number = 0;
        int before = 0;
        int at = 0;
        for (int end = LedgerText.lineEnd(ledger, at); end >= 0; end = LedgerText.lineEnd(ledger, at)) {
            ByteBuffer line = ledger.slice(at, end - at);
            number++;
            if (!LedgerLine.isIntact(line, before)) {
                violations.add(new Violation(
                        number,
                        "is not as it was written, or lines before it are missing: its chain value doesn't fit"));
            }
            try {
                each.accept(LedgerLine.parse(line), number);
            } catch (InvalidProtocolBufferException e) {
                violations.add(new Violation(number, "is no entry: " + e.getMessage()));
            }
            before = LedgerLine.chain(line).orElse(before);
            at = end + 1;
        }
        return number;
    }
}
