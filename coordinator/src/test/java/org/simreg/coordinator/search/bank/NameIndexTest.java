package org.simreg.coordinator.search.bank;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rows of a bank found by their names without a look at all of them. */
class NameIndexTest {
    private static final int COUNT = 10_000;

    @TempDir
    Path folder;

    /** Every hundredth name is that of row 7. */
    private static String name(long id) {
        return id % 100 == 99 ? name(7) : "class " + id % 13 + "/picture " + id + ".jpg";
    }

    @Test
    void everyNameIsFoundByAFewReads() {
        for (int atOnce : new int[] {1 << 22, 300}) {
            AtomicLong read = new AtomicLong();
            Path file = folder.resolve("names-" + atOnce);
            try (NameIndex index = NameIndex.open(
                    file,
                    COUNT,
                    id -> {
                        read.incrementAndGet();
                        return name(id);
                    },
                    atOnce)) {
                for (long id = 0; id < COUNT; id++) {
                    String name = name(id);
                    LongStream candidates = index.candidates(name);
                    assertTrue(
                            (id % 100 == 99 || id == 7
                                    ? candidates.count() == 101
                                    : candidates.anyMatch(at -> name(at).equals(name))),
                            name);
                }
                assertEquals(
                        0,
                        index.candidates("absent")
                                .filter(id -> name(id).equals("absent"))
                                .count());
                long before = read.get();
                NameIndex.open(file, COUNT, id -> String.valueOf(read.incrementAndGet()), atOnce)
                        .close();
                assertEquals(before, read.get(), "it is there already");
            } catch (java.io.IOException e) {
                throw new AssertionError(e);
            }
        }
    }

    @Test
    void theNamesOfABankAreFoundAndTheFirstOfEqualOnes() {
        Path file = folder.resolve("names.bin");
        BankNames.write(file, COUNT, NameIndexTest::name);
        try (BankNames names = BankNames.open(file)) {
            assertEquals(OptionalLong.of(7), names.find(name(7)));
            assertEquals(OptionalLong.of(9_998), names.find(name(9_998)));
            assertEquals(OptionalLong.empty(), names.find("class 1"));
        }
        BankNames.write(file, 0, NameIndexTest::name);
        try (BankNames names = BankNames.open(file)) {
            assertEquals(OptionalLong.empty(), names.find("class 1"));
        }
    }
}
