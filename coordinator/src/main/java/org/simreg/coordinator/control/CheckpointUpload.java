package org.simreg.coordinator.control;

import java.nio.ByteBuffer;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.simreg.coordinator.job.JobRun;
import org.simreg.coordinator.job.LedgerWriter;
import org.simreg.coordinator.job.RunFiles.Upload;
import org.simreg.coordinator.job.schedule.Phase;
import org.simreg.proto.CheckpointHeader;
import org.simreg.proto.CheckpointWritten;
import org.simreg.proto.Progress;
import org.simreg.proto.Refused;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Shortage;

/**
 * A checkpoint that a worker uploads, and whether it may be stored: only the current generation's
 * comes into the catalogue. Whether it is whole is checked where it is written.
 */
final class CheckpointUpload implements Upload {
    private final JobRun run;
    private final CheckpointHeader header;
    private final Consumer<UserError> trouble;
    private final Upload file;

    /**
     * @param trouble is told of a file that can't be written, as on a full disk; any thread
     * @throws Refused if its generation is not the job's current one
     */
    CheckpointUpload(JobRun run, CheckpointHeader header, Consumer<UserError> trouble) {
        this.run = run;
        this.header = header;
        this.trouble = trouble;
        check();
        this.file = run.files().receive(header);
    }

    private void check() {
        long current = run.record().getGeneration().getNumber();
        boolean live = run.phase() instanceof Phase.Training || run.phase() instanceof Phase.Halting;
        if (!run.active() || run.finishing() || !live || header.getGeneration() != current) {
            throw new Refused(
                    Refused.Kind.STATE,
                    "The checkpoint of step %d of the job %s is not stored: it is of generation %d, and the job's is %d or has ended"
                            .formatted(header.getStep(), run.id(), header.getGeneration(), current));
        }
    }

    @Override
    public void write(ByteBuffer part) {
        tell(() -> file.write(part));
    }

    @Override
    public void finish() {
        tell(file::finish);
    }

    private void tell(Runnable writing) {
        told(() -> {
            writing.run();
            return true;
        });
    }

    private <T> T told(Supplier<T> writing) {
        try {
            return writing.get();
        } catch (UserError e) {
            trouble.accept(e);
            throw e;
        }
    }

    /**
     * Its steps are brought into the ledger before: otherwise a crash could leave a checkpoint of
     * which the ledger knows nothing. If some of them are not reported yet, the ledger stays as it
     * is: steps that not all members have reported come into it only with a checkpoint.
     */
    @Override
    public CheckpointWritten store() {
        check();
        try {
            return stored();
        } catch (UserError e) {
            // What was written in part is looked at anew.
            Shortage.in(e).ifPresent(run::awaitRoom);
            throw e;
        }
    }

    private CheckpointWritten stored() {
        LedgerWriter ledger = run.ledger();
        if (ledger.reported() < header.getStep()) {
            throw new Refused(
                    Refused.Kind.UNAVAILABLE,
                    "The checkpoint of step %d of the job %s is not stored: the steps after %d are not reported yet; send it again when they are"
                            .formatted(header.getStep(), run.id(), ledger.reported()));
        }
        ledger.append(header.getStep(), false);
        ledger.sync();
        CheckpointWritten written = told(file::store);
        ledger.refreshCheckpoint();
        run.emit(Progress.newBuilder().setCheckpoint(written));
        return written;
    }

    @Override
    public void close() {
        file.close();
    }
}
