package org.simreg.coordinator.run.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.job.RunFiles;
import org.simreg.coordinator.run.folder.Runs;
import org.simreg.proto.LedgerEntry;
import org.simreg.proto.LedgerEntry.Commit;
import org.simreg.proto.UserError;

class LedgerTest {
    private static final int SEEDS = Integer.getInteger("simreg.test.fuzz", 400);

    @TempDir
    Path folder;

    @Test
    void headAndEpochsAreKnownAfterReopening() {
        write(1, 10);
        try (Ledger ledger = Ledger.open(folder)) {
            assertEquals(new RunFiles.LedgerHead(10, 3, 0.1f, 1), ledger.head());
            assertEquals(new RunFiles.EpochSum(2, 1.0f / 9 + 1.0f / 10, 1, 16), ledger.sum(3));
            assertEquals(4, ledger.sum(2).steps());
            assertEquals(2, ledger.sum(2).seconds());
        }
    }

    @Test
    void anEpochIsSummedAlikeBeforeAndAfterReopening() {
        RunFiles.EpochSum before;
        try (Ledger ledger = Ledger.open(folder)) {
            assertEquals(RunFiles.LedgerHead.EMPTY, ledger.head());
            assertEquals(RunFiles.EpochSum.EMPTY, ledger.sum(1));
            commit(ledger, 1, 8, 1);
            before = ledger.sum(2);
        }
        try (Ledger ledger = Ledger.open(folder)) {
            assertEquals(before, ledger.sum(2));
        }
    }

    @Test
    void stepsThatWereTakenBackDoNotCount() {
        try (Ledger ledger = Ledger.open(folder)) {
            commit(ledger, 1, 7, 1);
            ledger.rewind(Runs.rewind(2, 2), 0);
            assertEquals(new RunFiles.LedgerHead(2, 1, 0.5f, 2), ledger.head());
            assertEquals(2, ledger.sum(1).steps());
            commit(ledger, 3, 6, 2);
            ledger.rewind(Runs.rewind(5, 3), 0);
            ledger.rewind(Runs.rewind(5, 4), 0);
        }
        try (Ledger ledger = Ledger.open(folder)) {
            assertEquals(new RunFiles.LedgerHead(5, 2, 0.2f, 4), ledger.head());
            assertEquals(4, ledger.sum(1).steps());
            assertEquals(1, ledger.sum(2).steps());
            ledger.rewind(Runs.rewind(0, 5), 0);
            assertEquals(new RunFiles.LedgerHead(0, 0, 0, 5), ledger.head());
        }
        try (Ledger ledger = Ledger.open(folder)) {
            assertEquals(new RunFiles.LedgerHead(0, 0, 0, 5), ledger.head());
            commit(ledger, 1, 1, 5);
        }
    }

    @Test
    void aLedgerMayBeginInTheMiddleOfARun() {
        try (Ledger ledger = Ledger.open(folder)) {
            ledger.rewind(Runs.rewind(6, 1), 0);
        }
        try (Ledger ledger = Ledger.open(folder)) {
            assertEquals(6, ledger.head().step());
            commit(ledger, 7, 8, 1);
            assertEquals(2, ledger.sum(2).steps());
        }
    }

    @Test
    void killedAtAnyByteOfTheLastLineTheOthersStay() throws IOException {
        write(1, 5);
        int kept = (int) Files.size(path());
        write(6, 6);
        byte[] whole = Runs.bytes(path());
        for (int length = kept; length < whole.length; length++) {
            Files.write(path(), Arrays.copyOf(whole, length));
            try (Ledger ledger = Ledger.open(folder)) {
                assertEquals(5, ledger.head().step(), "cut to " + length);
                ledger.commit(Runs.commit(6, 1), 0.5, 500 * 6);
            }
            assertTrue(Arrays.equals(whole, Runs.bytes(path())), "cut to " + length);
        }
    }

    @Test
    void anyChangedByteBeforeTheLastLineIsRefusedWithItsNumber() throws IOException {
        write(1, 3);
        byte[] whole = Runs.bytes(path());
        int second = new String(whole, java.nio.charset.StandardCharsets.UTF_8).indexOf('\n') + 1;
        for (int at = 0; at < second - 1; at++) {
            byte[] changed = whole.clone();
            changed[at] ^= 1;
            Files.write(path(), changed);
            UserError refused = assertThrows(UserError.class, () -> Ledger.open(folder), "byte " + at);
            assertTrue(refused.getMessage().startsWith("Line 1 of " + path()));
        }
    }

    /** Bits, bytes, lines and the end, by chance: what is opened holds no step that wasn't written. */
    @Test
    void aLedgerDamagedAnyhowIsRefusedByNameOrCut() throws IOException {
        write(1, 10);
        try (Ledger ledger = Ledger.open(folder)) {
            ledger.rewind(Runs.rewind(6, 2), 0);
            commit(ledger, 7, 9, 2);
        }
        byte[] whole = Runs.bytes(path());
        int refused = 0;
        for (int seed = 0; seed < SEEDS; seed++) {
            Files.write(path(), damaged(whole, new Random(seed)));
            try (Ledger ledger = Ledger.open(folder)) {
                assertTrue(ledger.head().step() <= 10, "seed " + seed + ": " + ledger.head());
                for (int epoch = 1; epoch <= 3; epoch++) {
                    assertTrue(ledger.sum(epoch).steps() <= 4, "seed " + seed);
                }
            } catch (UserError e) {
                refused++;
                assertTrue(e.getMessage().contains(path().toString()), "seed " + seed + ": " + e.getMessage());
                assertEquals(-1, e.getMessage().indexOf('\n'), e.getMessage());
            } catch (RuntimeException | OutOfMemoryError e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
        assertTrue(refused > SEEDS / 8, "only " + refused + " of " + SEEDS + " damaged ledgers were noticed");
    }

    private static byte[] damaged(byte[] whole, Random random) {
        byte[] bytes = whole.clone();
        int at = random.nextInt(bytes.length);
        switch (random.nextInt(4)) {
            case 0 -> {
                return Arrays.copyOf(bytes, at);
            }
            case 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
            case 2 -> {
                int from = random.nextInt(bytes.length);
                int count = Math.min(random.nextInt(300), bytes.length - Math.max(at, from));
                System.arraycopy(whole, from, bytes, at, count);
            }
            default -> Arrays.fill(bytes, at, Math.min(bytes.length, at + random.nextInt(64)), (byte) random.nextInt());
        }
        return bytes;
    }

    @Test
    void aStepThatDoesNotFollowIsRefused() {
        try (Ledger ledger = Ledger.open(folder)) {
            commit(ledger, 1, 3, 1);
            for (long step : new long[] {3, 5}) {
                assertThrows(IllegalStateException.class, () -> ledger.commit(Runs.commit(step, 1), 0, 0));
            }
            assertThrows(IllegalStateException.class, () -> ledger.rewind(Runs.rewind(4, 2), 0));
            assertEquals(3, ledger.head().step());
        }
    }

    @Test
    void aLossKeepsItsBitsInTheFile() throws InvalidProtocolBufferException {
        Random random = new Random(1);
        for (int i = 0; i < 20_000; i++) {
            float loss = i == 0 ? Float.NaN : i == 1 ? -0.0f : 4 * random.nextFloat();
            LedgerEntry entry = LedgerEntry.newBuilder()
                    .setCommit(Commit.newBuilder().setLoss(loss))
                    .build();
            byte[] line = LedgerLine.of(entry, 0);
            float back = LedgerLine.parse(ByteBuffer.wrap(line)).getCommit().getLoss();
            assertEquals(Float.floatToIntBits(loss), Float.floatToIntBits(back));
        }
    }

    private Path path() {
        return folder.resolve("ledger.jsonl");
    }

    private void write(long from, long to) {
        try (Ledger ledger = Ledger.open(folder)) {
            commit(ledger, from, to, 1);
        }
    }

    private static void commit(Ledger ledger, long from, long to, long generation) {
        for (long step = from; step <= to; step++) {
            ledger.commit(Runs.commit(step, generation), 0.5, 500 * step);
        }
    }
}
