package org.simreg.coordinator.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.simreg.coordinator.store.ArchiveIndex.Entry;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.AtomicFile;
import org.simreg.worker.base.io.Disk;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The names in the archive: from the hash of a job's id or request to the entries that have it. The
 * newest entries' are in memory; of the others each {@value #RUN} have a sorted file, which is
 * mapped and can be made anew from the index.
 */
final class ArchiveNames {
    /** Entries of a file. */
    static final int RUN = 1 << 14;

    private static final Logger LOG = LoggerFactory.getLogger(ArchiveNames.class);
    private static final int NAME = 16;

    private final Path folder;
    private final List<ByteBuffer> runs = new ArrayList<>();
    private final Map<Long, List<Integer>> newest = new HashMap<>();

    /**
     * @param folder of the files
     */
    ArchiveNames(Path folder) {
        this.folder = folder;
    }

    /** How many entries have their names in files. */
    int inFiles() {
        return runs.size() * RUN;
    }

    /**
     * Opens the files that there are; damaged ones are made anew.
     *
     * @param entries how many there are
     * @param entry gives one by its number
     */
    void open(int entries, IntFunction<Optional<Entry>> entry) {
        while (inFiles() + RUN <= entries && Files.exists(file(runs.size()))) {
            Optional<ByteBuffer> run = mapped(file(runs.size()));
            if (run.isEmpty()) {
                LOG.warn("{} is damaged and made anew", file(runs.size()));
                write(runs.size(), entry);
            } else {
                runs.add(run.get());
            }
        }
    }

    private Path file(int run) {
        return folder.resolve("names-" + run);
    }

    /** Notes a new entry's names; every so many entries a file is written. */
    void add(int number, Entry entry, IntFunction<Optional<Entry>> entries) {
        note(number, entry);
        if ((number + 1) % RUN == 0 && number / RUN == runs.size()) {
            try {
                write(runs.size(), entries);
                newest.clear();
            } catch (UserError e) {
                LOG.warn("Names of ended jobs stay in memory: {}", e.getMessage());
            }
        }
    }

    private void note(int number, Entry entry) {
        note(entry.id(), number);
        if (entry.request() != 0) {
            note(entry.request(), number);
        }
    }

    private void note(long name, int number) {
        newest.computeIfAbsent(name, key -> new ArrayList<>(1)).add(number);
    }

    /**
     * Forgets the names of entries from one on, which are taken back.
     *
     * @param entries gives those before it
     */
    void takeBack(int from, IntFunction<Optional<Entry>> entries) {
        newest.values().forEach(numbers -> numbers.removeIf(number -> number >= from));
        while (inFiles() > from) {
            runs.remove(runs.size() - 1);
            Path file = file(runs.size());
            Disk.write(file, () -> Files.deleteIfExists(file));
            for (int number = inFiles(); number < from; number++) {
                int one = number;
                entries.apply(number).ifPresent(entry -> note(one, entry));
            }
        }
    }

    private void write(int run, IntFunction<Optional<Entry>> entries) {
        List<long[]> names = new ArrayList<>();
        for (int number = run * RUN; number < (run + 1) * RUN; number++) {
            int one = number;
            entries.apply(number).ifPresent(entry -> {
                names.add(new long[] {entry.id(), one});
                if (entry.request() != 0) {
                    names.add(new long[] {entry.request(), one});
                }
            });
        }
        names.sort((a, b) -> a[0] != b[0] ? Long.compare(a[0], b[0]) : Long.compare(a[1], b[1]));
        ByteBuffer bytes = ByteBuffer.allocate(names.size() * NAME + 4).order(ByteOrder.LITTLE_ENDIAN);
        names.forEach(name -> bytes.putLong(name[0]).putLong(name[1]));
        bytes.putInt(RecordFrame.crc(bytes.slice(0, bytes.position()))).flip();
        AtomicFile.write(file(run), channel -> AtomicFile.put(channel, bytes));
        runs.add(mapped(file(run)).orElseThrow(() -> new UserError(file(run) + " is not what was written")));
    }

    private static Optional<ByteBuffer> mapped(Path file) {
        return Disk.read(file, () -> {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
                return whole(channel);
            }
        });
    }

    private static Optional<ByteBuffer> whole(FileChannel channel) throws IOException {
        int size = (int) Math.min(channel.size(), Integer.MAX_VALUE);
        if (size < 4 || (size - 4) % NAME != 0) {
            return Optional.empty();
        }
        ByteBuffer bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, size).order(ByteOrder.LITTLE_ENDIAN);
        boolean same = RecordFrame.crc(bytes.slice(0, size - 4)) == bytes.getInt(size - 4);
        return same ? Optional.of(bytes.slice(0, size - 4).order(ByteOrder.LITTLE_ENDIAN)) : Optional.empty();
    }

    /**
     * The newest entry with a name that fits.
     *
     * @param fits whether an entry is one that is meant; hashes may be equal by chance
     * @return its number; -1 if there is none
     */
    int find(long name, IntPredicate fits) {
        List<Integer> known = newest.getOrDefault(name, List.of());
        for (int i = known.size() - 1; i >= 0; i--) {
            if (fits.test(known.get(i))) {
                return known.get(i);
            }
        }
        for (int run = runs.size() - 1; run >= 0; run--) {
            int found = numbers(runs.get(run), name).filter(fits).max().orElse(-1);
            if (found >= 0) {
                return found;
            }
        }
        return -1;
    }

    private static IntStream numbers(ByteBuffer run, long name) {
        int low = 0;
        int high = run.limit() / NAME;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (run.getLong(middle * NAME) < name) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return IntStream.range(low, run.limit() / NAME)
                .takeWhile(at -> run.getLong(at * NAME) == name)
                .map(at -> (int) run.getLong(at * NAME + 8));
    }
}
