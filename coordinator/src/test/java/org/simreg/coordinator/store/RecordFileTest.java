package org.simreg.coordinator.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.UserError;

class RecordFileTest {
    private static final String KIND = "simreg test 1";

    @TempDir
    Path folder;

    private Path path;

    @BeforeEach
    void name() {
        path = folder.resolve("records");
    }

    @Test
    void whatWasAppendedIsThereAfterReopening() {
        List<String> words = List.of("a", "bc", "d".repeat(100_000));
        append(words);
        assertEquals(words, reopened());
        append(List.of("e"));
        assertEquals(4, reopened().size());
    }

    @Test
    void cutAtAnyByteOfTheLastRecordTheOnesBeforeStay() throws IOException {
        append(List.of("first", "second"));
        long kept = Files.size(path);
        append(List.of("the last one"));
        byte[] whole = Files.readAllBytes(path);
        for (int length = (int) kept; length < whole.length; length++) {
            Files.write(path, Arrays.copyOf(whole, length));
            assertEquals(List.of("first", "second"), reopened(), "cut to " + length);
            assertEquals(kept, Files.size(path));
            append(List.of("again"));
            assertEquals(List.of("first", "second", "again"), reopened(), "cut to " + length);
        }
    }

    @Test
    void cutAtAnyByteOfItsFirstLineAFileBeginsAnew() throws IOException {
        append(List.of("only"));
        byte[] whole = Files.readAllBytes(path);
        for (int length = 0; length <= KIND.length(); length++) {
            Files.write(path, Arrays.copyOf(whole, length));
            assertEquals(List.of(), reopened());
        }
    }

    @Test
    void anyChangedBitOfTheLastRecordIsRefusedWithItsPlace() throws IOException {
        append(List.of("first"));
        int kept = (int) Files.size(path);
        append(List.of("last"));
        byte[] whole = Files.readAllBytes(path);
        for (int bit = 8 * kept; bit < 8 * whole.length; bit++) {
            byte[] damaged = flipped(whole, bit);
            Files.write(path, damaged);
            UserError refused = assertThrows(UserError.class, this::reopened, "bit " + bit);
            assertTrue(refused.getMessage().contains("damaged in its last record, at byte " + kept), "bit " + bit);
            assertArrayEquals(damaged, Files.readAllBytes(path));
        }
    }

    /** A machine that loses power has written some blocks of the last record and others not. */
    @Test
    void aLastRecordWithBlocksThatWereNeverWrittenIsCutOff() throws IOException {
        append(List.of("first"));
        int kept = (int) Files.size(path);
        append(List.of("x".repeat(1500)));
        byte[] whole = Files.readAllBytes(path);
        int blocks = (whole.length + 511) / 512;
        for (int missing = 1; missing < 1 << blocks; missing++) {
            byte[] torn = whole.clone();
            for (int at = kept; at < torn.length; at++) {
                if ((missing >> (at / 512) & 1) == 1) {
                    torn[at] = 0;
                }
            }
            Files.write(path, torn);
            assertEquals(List.of("first"), reopened(), "blocks " + Integer.toBinaryString(missing));
            assertEquals(kept, Files.size(path));
        }
    }

    /** What an earlier version has left of a record that found no room is not taken for damage. */
    @Test
    void restsOfAnOlderLongerRecordAfterTheLastAreCutOff() throws IOException {
        append(List.of("first"));
        int kept = (int) Files.size(path);
        append(List.of("a longer record than the one that follows"));
        byte[] whole = Files.readAllBytes(path);
        Files.write(path, Arrays.copyOf(whole, kept));
        append(List.of("short"));
        byte[] shorter = Files.readAllBytes(path);
        System.arraycopy(shorter, 0, whole, 0, shorter.length);
        Files.write(path, whole);
        assertEquals(List.of("first", "short"), reopened());
    }

    @Test
    @EnabledIfSystemProperty(named = "simreg.test.dense", matches = "true")
    void aFileOfMoreThanTwoGibibytesIsRead() throws IOException {
        int records = 33;
        byte[] zeros = new byte[RecordFrame.MOST_BYTES];
        ByteBuffer header = RecordFrame.of(zeros).limit(RecordFrame.HEADER);
        append(List.of("first"));
        try (FileChannel file = FileChannel.open(path, StandardOpenOption.WRITE)) {
            long at = file.size();
            for (int i = 0; i < records; i++) {
                file.write(header.rewind(), at);
                at += RecordFrame.HEADER + zeros.length;
            }
            file.write(ByteBuffer.wrap(new byte[1]), at - 1);
        }
        AtomicInteger found = new AtomicInteger();
        try (RecordFile file = RecordFile.open(path, KIND, (at, bytes) -> found.incrementAndGet())) {
            assertEquals(1 + records, found.get());
            long at = file.append(bytes("last"));
            assertTrue(at > 1L << 31);
            file.read(at, 1, (offset, bytes) -> assertEquals("last", text(bytes)));
        }
    }

    @Test
    void anyChangedBitBeforeTheLastRecordIsRefusedWithItsPlace() throws IOException {
        append(List.of("first"));
        int begin = (int) Files.size(path);
        append(List.of("second"));
        int end = (int) Files.size(path);
        append(List.of("third"));
        byte[] whole = Files.readAllBytes(path);
        for (int bit = 8 * begin; bit < 8 * end; bit++) {
            byte[] damaged = flipped(whole, bit);
            Files.write(path, damaged);
            UserError refused = assertThrows(UserError.class, this::reopened, "bit " + bit);
            assertTrue(refused.getMessage().contains(path + " is damaged at byte " + begin), refused.getMessage());
            assertArrayEquals(damaged, Files.readAllBytes(path));
        }
    }

    @Test
    void blocksThatAFailingMachineLeftEmptyAreCutOff() throws IOException {
        append(List.of("first"));
        byte[] whole = Files.readAllBytes(path);
        Files.write(path, Arrays.copyOf(whole, whole.length + 4096));
        assertEquals(List.of("first"), reopened());
        assertEquals(whole.length, Files.size(path));
    }

    @Test
    void aFileOfAnotherKindIsLeftAlone() throws IOException {
        Files.writeString(path, "My thesis, chapter one\n");
        UserError refused = assertThrows(UserError.class, this::reopened);
        assertTrue(refused.getMessage().contains("simreg test 1"), refused.getMessage());
        assertEquals("My thesis, chapter one\n", Files.readString(path));
    }

    @Test
    void recordsCanBeReadFromAnyPlaceWhileTheFileGrows() {
        try (RecordFile file = RecordFile.open(path, KIND, (at, bytes) -> {})) {
            List<Long> places = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                places.add(file.append(bytes("record " + i)));
            }
            List<String> found = new ArrayList<>();
            file.read(places.get(7), 2, (at, bytes) -> found.add(text(bytes)));
            file.read(places.get(9), 5, (at, bytes) -> found.add(text(bytes)));
            assertEquals(List.of("record 7", "record 8", "record 9"), found);
        }
    }

    private void append(List<String> words) {
        try (RecordFile file = RecordFile.open(path, KIND, (at, bytes) -> {})) {
            words.forEach(word -> file.append(bytes(word)));
        }
    }

    private List<String> reopened() {
        List<String> found = new ArrayList<>();
        RecordFile.open(path, KIND, (at, bytes) -> found.add(text(bytes))).close();
        return found;
    }

    private static byte[] flipped(byte[] bytes, int bit) {
        byte[] damaged = bytes.clone();
        damaged[bit / 8] ^= (byte) (1 << (bit % 8));
        return damaged;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
