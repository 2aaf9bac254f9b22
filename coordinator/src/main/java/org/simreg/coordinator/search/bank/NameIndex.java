package org.simreg.coordinator.search.bank;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.function.LongFunction;
import java.util.stream.LongStream;
import org.simreg.worker.base.concurrent.WatchedPool;
import org.simreg.worker.base.io.AtomicFile;
import org.simreg.worker.base.io.Disk;

/**
 * The index of a bank's names on the disk, by which a row is found in some twenty reads: for each name 33 bits of its
 * hash and 31 of its id in one number, ascending. Safe for all threads.
 */
final class NameIndex implements AutoCloseable {
    private static final int ID_BITS = 31;

    /** Numbers that are sorted at once: 32 MiB. */
    private static final int AT_ONCE = 1 << 22;

    private final Path file;
    private final FileChannel channel;
    private final long count;

    private NameIndex(Path file, FileChannel channel, long count) {
        this.file = file;
        this.channel = channel;
        this.count = count;
    }

    /**
     * Opens an index, and makes it if there is none: the names are read as often as they are numbers too many to be
     * sorted at once.
     *
     * @param name of ids 0 to count - 1
     */
    static NameIndex open(Path file, long count, LongFunction<String> name) {
        return open(file, count, name, AT_ONCE);
    }

    /** Opens an index as {@link #open(Path, long, LongFunction)}, made of about so many numbers at once. */
    static NameIndex open(Path file, long count, LongFunction<String> name, int atOnce) {
        if (!isWhole(file, count)) {
            AtomicFile.write(file, out -> write(out, count, name, atOnce));
        }
        return new NameIndex(file, Disk.read(file, () -> FileChannel.open(file, StandardOpenOption.READ)), count);
    }

    private static boolean isWhole(Path file, long count) {
        return Files.exists(file) && Disk.read(file, () -> Files.size(file)) == count * Long.BYTES;
    }

    private static void write(FileChannel out, long count, LongFunction<String> name, int atOnce) throws IOException {
        // Hashes are even enough that a range of them holds its share; half of the room is for the rest.
        long ranges = Math.max(1, 2 * count / atOnce);
        for (long range = 0; range < ranges; range++) {
            long[] numbers = new long[(int) Math.min(count, atOnce)];
            int found = 0;
            for (long id = 0; id < count; id++) {
                if (id % 1024 == 0) {
                    WatchedPool.progress();
                }
                long hash = hash(name.apply(id));
                if (Math.multiplyHigh(hash << ID_BITS - 1, ranges * 2) == range) {
                    numbers = found == numbers.length ? Arrays.copyOf(numbers, 2 * found) : numbers;
                    numbers[found++] = hash << ID_BITS | id;
                }
            }
            sort(numbers, found);
            put(out, numbers, found);
        }
    }

    /** As unsigned numbers. */
    private static void sort(long[] numbers, int count) {
        for (int i = 0; i < count; i++) {
            numbers[i] ^= Long.MIN_VALUE;
        }
        Arrays.sort(numbers, 0, count);
        for (int i = 0; i < count; i++) {
            numbers[i] ^= Long.MIN_VALUE;
        }
    }

    private static void put(FileChannel out, long[] numbers, int count) throws IOException {
        ByteBuffer piece = ByteBuffer.allocate(1 << 16);
        for (int i = 0; i < count; i++) {
            piece.putLong(numbers[i]);
            if (!piece.hasRemaining() || i == count - 1) {
                AtomicFile.put(out, piece.flip());
                piece.clear();
            }
        }
    }

    /** 33 bits. */
    private static long hash(String name) {
        long hash = 0xcbf29ce484222325L;
        for (int i = 0; i < name.length(); i++) {
            hash = (hash ^ name.charAt(i)) * 0x100000001b3L;
        }
        hash = (hash ^ hash >>> 32) * 0xd6e8feb86659fd93L;
        return (hash ^ hash >>> 32) >>> ID_BITS;
    }

    /** Ids of the rows that may have a name: those whose hash is that of it. */
    LongStream candidates(String name) {
        long hash = hash(name);
        long low = 0;
        long high = count;
        while (low < high) {
            long middle = low + high >>> 1;
            if (number(middle) >>> ID_BITS < hash) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return LongStream.range(low, count)
                .map(this::number)
                .takeWhile(number -> number >>> ID_BITS == hash)
                .map(number -> number & (1L << ID_BITS) - 1);
    }

    private long number(long at) {
        return Disk.read(file, () -> {
            ByteBuffer number = ByteBuffer.allocate(Long.BYTES);
            while (number.hasRemaining()) {
                if (channel.read(number, at * Long.BYTES + number.position()) < 0) {
                    throw new IOException("it ends too early; delete it");
                }
            }
            return number.getLong(0);
        });
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
