package org.simreg.coordinator.cli.job;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.cli.Terminal;
import org.simreg.coordinator.grpc.Served;
import org.simreg.coordinator.job.RunFiles;
import org.simreg.coordinator.run.folder.DiskRunFolders;
import org.simreg.proto.Job;
import org.simreg.proto.JobRecord;
import org.simreg.proto.LedgerEntry.Commit;
import org.simreg.proto.StepDone;
import org.simreg.proto.SubmitRequest.Existing;

class AuditCommandTest {
    @TempDir
    Path temporary;

    private final Terminal terminal = new Terminal();
    private Path run;

    @BeforeEach
    void train() {
        run = temporary.resolve("run");
        JobRecord record = JobRecord.newBuilder()
                .setJob(Job.getDefaultInstance())
                .setFolder(run.toString())
                .build();
        DiskRunFolders folders = new DiskRunFolders((folder, shown, data) -> {});
        try (RunFiles files = folders.create(record, Existing.REFUSE)) {
            for (long step = 1; step <= 3; step++) {
                files.commit(
                        Commit.newBuilder()
                                .setStep(step)
                                .setEpoch(1)
                                .setGeneration(1)
                                .setFirstSample(8 * (step - 1))
                                .setSamples(8)
                                .setLoss(1)
                                .build(),
                        StepDone.getDefaultInstance());
            }
        }
    }

    @Test
    void aCleanRunEndsWithZero() {
        assertEquals(0, terminal.run("audit", run.toString()), terminal.err);
        assertTrue(terminal.out.startsWith(run + ": 3 lines\n"), terminal.out);
        assertTrue(terminal.out.endsWith("\nclean\n"), terminal.out);
    }

    @Test
    void aLedgerWithALineRemovedEndsWithOneAndTellsWhere() throws IOException {
        Path ledger = run.resolve("ledger.jsonl");
        String[] lines = Files.readString(ledger).split("(?<=\n)");
        Files.writeString(ledger, lines[0] + lines[2]);
        assertEquals(1, terminal.run("audit", run.toString()));
        assertTrue(terminal.out.contains("\nline 2: step 3 follows step 1\n"), terminal.out);
        assertTrue(terminal.out.endsWith("violations\n"), terminal.out);
    }

    @Test
    void aJobIsAuditedWhereTheCoordinatorHasItsFolder() throws Exception {
        try (Served served = Served.onPort()) {
            String at = "--coordinator=localhost:" + served.server.port();
            String[] job = {"submit", "--data=d", "--teacher=self", "", at};
            job[3] = "--name=here";
            assertEquals(0, terminal.run(with(job, "--out=" + run)), terminal.err);
            job[3] = "--name=far";
            assertEquals(0, terminal.run(with(job, "--out=/nowhere/far")), terminal.err);
            assertEquals(0, terminal.run("audit", "here", at), terminal.err);
            assertTrue(terminal.out.startsWith(run + ": 3 lines\n"), terminal.out);
            assertEquals(1, terminal.run("audit", "far", at));
            assertEquals(
                    "simreg: The run folder /nowhere/far of the job far can't be seen from this"
                            + " machine; run the audit where it can\n",
                    terminal.err);
        }
    }

    private static String[] with(String[] args, String last) {
        String[] all = Arrays.copyOf(args, args.length + 1);
        all[args.length] = last;
        return all;
    }

    @Test
    void whereThereIsNoLedgerThereIsOneSentence() {
        assertEquals(1, terminal.run("audit", temporary.toString()));
        assertTrue(terminal.err.startsWith("simreg: There is no ledger.jsonl in "), terminal.err);
        assertEquals(2, terminal.run("audit"));
    }
}
