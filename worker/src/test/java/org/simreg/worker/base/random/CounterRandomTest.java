package org.simreg.worker.base.random;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.simreg.worker.data.image.ImageFixtures;

class CounterRandomTest {
    /** The known answers that Random123 publishes for philox4x32-10. */
    @Test
    void theGeneratorGivesPublishedNumbers() {
        assertArrayEquals(new int[] {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}, philox(0, 0, 0, 0, 0, 0));
        assertArrayEquals(new int[] {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}, philox(-1, -1, -1, -1, -1, -1));
        assertArrayEquals(
                new int[] {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1},
                philox(0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0));
    }

    private static int[] philox(int c0, int c1, int c2, int c3, int k0, int k1) {
        int[] out = new int[4];
        CounterRandom.philox(new int[] {c0, c1, c2, c3}, k0, k1, out);
        return out;
    }

    @Test
    void onePathGivesOneStreamAndAnotherPathAnother() {
        Set<Long> seen = new HashSet<>();
        for (long seed : new long[] {0, 1, 1L << 32, -1}) {
            for (long[] path : new long[][] {{}, {0}, {0, 0}, {1}, {1, 0}, {0, 1}, {1L << 32}}) {
                long first = CounterRandom.of(seed, path).nextLong();
                assertEquals(first, CounterRandom.of(seed, path).nextLong());
                assertTrue(seen.add(first), "two paths share a stream");
            }
        }
    }

    @Test
    void uniformNumbersFillTheIntervalEvenly() {
        CounterRandom random = CounterRandom.of(3, 9);
        int[] counts = new int[10];
        for (int i = 0; i < 100_000; i++) {
            counts[(int) (10 * random.uniform())]++;
        }
        for (int count : counts) {
            assertEquals(10_000, count, 400);
        }
    }

    @Test
    void numbersBelowABoundAreEvenAndTheBoundIsChecked() {
        CounterRandom random = CounterRandom.of(3, 9);
        int[] counts = new int[7];
        for (int i = 0; i < 70_000; i++) {
            counts[random.below(7)]++;
        }
        for (int count : counts) {
            assertEquals(10_000, count, 400);
        }
        assertThrows(IllegalArgumentException.class, () -> random.below(0));
    }

    @Test
    void normalNumbersHaveMeanZeroAndVarianceOne() {
        CounterRandom random = CounterRandom.of(11, CounterRandom.WEIGHTS);
        double sum = 0;
        double squares = 0;
        int beyond = 0;
        int n = 100_000;
        for (int i = 0; i < n; i++) {
            double x = random.normal();
            sum += x;
            squares += x * x;
            beyond += Math.abs(x) > 1.96 ? 1 : 0;
        }
        assertEquals(0, sum / n, 0.02);
        assertEquals(1, squares / n, 0.03);
        assertEquals(0.05, (double) beyond / n, 0.005);
    }

    @Test
    void anEpochSeesEverySampleOnceInAnOrderOfItsOwn() {
        SampleOrder order = new SampleOrder(42, 1000);
        int[] third = order.epoch(3);
        assertArrayEquals(
                IntStream.range(0, 1000).toArray(), IntStream.of(third).sorted().toArray());
        assertArrayEquals(third, new SampleOrder(42, 1000).epoch(3));
        int same = 0;
        int[] fourth = order.epoch(4);
        for (int i = 0; i < 1000; i++) {
            same += third[i] == fourth[i] ? 1 : 0;
        }
        assertTrue(same < 10, same + " samples kept their place");
    }

    @Test
    void theOrderIsTheOneWrittenDownInPython() {
        int[] expected = ImageFixtures.lines("order.txt").stream()
                .flatMapToInt(CounterRandomTest::ints)
                .toArray();
        assertArrayEquals(expected, new SampleOrder(42, 50).epoch(3));
    }

    private static IntStream ints(String[] words) {
        return Arrays.stream(words).mapToInt(Integer::parseInt);
    }
}
