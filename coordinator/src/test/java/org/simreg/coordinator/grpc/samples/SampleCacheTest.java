package org.simreg.coordinator.grpc.samples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.Dataset;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.loader.Batch;
import org.simreg.worker.data.loader.BatchLoader;
import org.simreg.worker.data.loader.BatchStream;

/** The worker's cache of samples on its disk. */
@Timeout(60)
class SampleCacheTest {
    private static final int IMAGES = 24;
    private static final long BLOCK = 4096;

    @TempDir
    Path folder;

    @BeforeEach
    void pictures() {
        new Pictures(folder.resolve("images")).add("ant", IMAGES / 2).add("bee", IMAGES / 2);
    }

    private List<Path> entries(FarStorage far) {
        Path cache = far.cache().resolve("samples");
        try (Stream<Path> files = Files.walk(cache)) {
            return files.filter(Files::isRegularFile)
                    .filter(file -> !file.getFileName().toString().equals("bytes"))
                    .toList();
        } catch (UncheckedIOException | IOException e) {
            // A file that went while the folder was walked.
            if (e instanceof NoSuchFileException || e.getCause() instanceof NoSuchFileException) {
                return entries(far);
            }
            throw new IllegalStateException(e);
        }
    }

    /** Disk blocks of all entries; one that is removed meanwhile has none. */
    private long blocks(FarStorage far) {
        return entries(far).stream()
                .mapToLong(entry -> (entry.toFile().length() + BLOCK - 1) / BLOCK * BLOCK)
                .sum();
    }

    @Test
    void whatIsCachedNeedsNoCoordinator() {
        try (FarStorage far = new FarStorage(folder, true)) {
            Dataset dataset = far.dataset("images");
            ImageList local = far.local(dataset).train();
            ImageList remote = far.worker().open(dataset, far.notices::add).train();
            Views.assertSame(local, remote, 0, 1);
            assertEquals(IMAGES, entries(far).size());
            far.stop();
            Views.assertSame(local, remote, 1, 4);
            assertEquals(List.of(), List.copyOf(far.notices));
            far.start();
        }
    }

    @Test
    void theBoundIsKeptAndTheViewsAreStillTheSame() {
        long most = 14 * BLOCK;
        try (FarStorage far = new FarStorage(folder, false)) {
            Dataset dataset = far.dataset("images");
            ImageList local = far.local(dataset).train();
            ImageList remote = far.worker(most, Duration.ofSeconds(30))
                    .open(dataset, far.notices::add)
                    .train();
            try (BatchLoader a = Views.loader(local, far.notices::add);
                    BatchLoader b = Views.loader(remote, far.notices::add);
                    BatchStream expected = a.batches(Views.requests(IMAGES, 0, 4));
                    BatchStream actual = b.batches(Views.requests(IMAGES, 0, 4))) {
                while (expected.hasNext()) {
                    try (Batch one = expected.next();
                            Batch other = actual.next()) {
                        Views.assertSame(one, other);
                    }
                    assertTrue(blocks(far) <= most, blocks(far) + " bytes of " + most);
                }
            }
            assertTrue(blocks(far) > most / 4, "only " + blocks(far) + " bytes are used");
            assertEquals(List.of(), List.copyOf(far.notices));
        }
    }

    @Test
    void entriesNotReadForLongestGoFirstAndWhatAKillLeftTooOnceItIsOld() throws IOException {
        // 36 blocks for the first images, 18 for the others.
        long most = 50 * BLOCK;
        try (FarStorage far = new FarStorage(folder, false)) {
            Dataset dataset = far.dataset("images");
            ImageList local = far.local(dataset).train();
            ImageList first = far.worker(most, Duration.ofSeconds(30))
                    .open(dataset, far.notices::add)
                    .train();
            Views.assertSame(local, first, 0, 1);
            List<Path> old = entries(far).subList(0, 4);
            Instant before = Instant.now().minus(Duration.ofHours(2));
            for (Path entry : old) {
                Files.setLastModifiedTime(entry, FileTime.from(before));
            }
            Path draft = Files.createFile(old.get(0).resolveSibling("killed.part"));
            Files.setLastModifiedTime(draft, FileTime.from(before));
            Path live = Files.createFile(old.get(0).resolveSibling("live.part"));
            List<Path> kept =
                    entries(far).stream().filter(e -> !old.contains(e)).toList();

            new Pictures(folder.resolve("more")).add("cat", IMAGES / 2);
            Dataset more = far.dataset("more");
            ImageList second = far.worker(most, Duration.ofSeconds(30))
                    .open(more, far.notices::add)
                    .train();
            Views.assertSame(far.local(more).train(), second, 0, 1);
            List<Path> left = entries(far);
            // One that a fetch ahead was still reading when it was made old is new again.
            List<Path> stale = left.stream()
                    .filter(entry -> !modified(entry).isAfter(before))
                    .toList();
            assertEquals(List.of(), stale, "entries that were not read since");
            assertTrue(old.stream().filter(left::contains).count() < old.size(), "none of the old ones went");
            assertEquals(true, left.contains(live));
            assertTrue(kept.stream().filter(left::contains).count() > 10, "entries read lately");
        }
    }

    private static Instant modified(Path entry) {
        try {
            return Files.getLastModifiedTime(entry).toInstant();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void aDamagedEntryIsFetchedAgain() throws IOException {
        try (FarStorage far = new FarStorage(folder, false)) {
            Dataset dataset = far.dataset("images");
            ImageList local = far.local(dataset).train();
            ImageList remote = far.worker().open(dataset, far.notices::add).train();
            Views.assertSame(local, remote, 0, 1);
            List<Path> entries = entries(far);
            byte[] flipped = Files.readAllBytes(entries.get(0));
            flipped[flipped.length / 2] ^= 4;
            Files.write(entries.get(0), flipped);
            byte[] whole = Files.readAllBytes(entries.get(1));
            Files.write(entries.get(1), Arrays.copyOf(whole, whole.length / 2));
            Files.write(entries.get(2), new byte[0]);
            // Once more where a copy is dropped that another thread has just healed.
            int before = far.calls.get();
            Views.assertSame(local, remote, 1, 2);
            assertTrue(far.calls.get() > before && far.calls.get() <= before + 6);
            far.stop();
            Views.assertSame(local, remote, 2, 3);
            far.start();
        }
    }

    @Test
    void entriesOfAnEarlierRunAreUsedIfTheFilesAreStillTheSame() throws IOException {
        try (FarStorage far = new FarStorage(folder, false)) {
            Dataset dataset = far.dataset("images");
            ImageList local = far.local(dataset).train();
            Views.assertSame(local, far.worker().open(dataset, far.notices::add).train(), 0, 1);
            long all = far.bytes.getAndSet(0);
            Views.assertSame(local, far.worker().open(dataset, far.notices::add).train(), 0, 1);
            assertEquals(0, far.bytes.get(), "bytes sent again");
            Path changed = folder.resolve("images/ant/04.png");
            byte[] other = Pictures.noise("png", 99);
            Files.write(changed, other);
            Files.setLastModifiedTime(changed, FileTime.from(Instant.now().plusSeconds(5)));
            Views.assertSame(local, far.worker().open(dataset, far.notices::add).train(), 0, 1);
            assertEquals(other.length, far.bytes.get());
            assertNotEquals(all, far.bytes.get());
        }
    }

    @Test
    void twoWorkersShareACache() {
        try (FarStorage far = new FarStorage(folder, true)) {
            Dataset dataset = far.dataset("images");
            ImageList local = far.local(dataset).train();
            ImageList one = far.worker().open(dataset, far.notices::add).train();
            ImageList two = far.worker().open(dataset, far.notices::add).train();
            try (BatchLoader a = Views.loader(one, far.notices::add);
                    BatchLoader b = Views.loader(two, far.notices::add)) {
                Views.assertSame(a, b, IMAGES, 0, 3);
            }
            Views.assertSame(local, two, 3, 4);
            assertEquals(IMAGES, entries(far).size());
        }
    }

    @Test
    void aCacheThatCantBeWrittenIsSaidOnceAndHoldsNothingUp() throws IOException {
        try (FarStorage far = new FarStorage(folder, false)) {
            Files.createDirectories(far.cache());
            Files.createFile(far.cache().resolve("samples"));
            Dataset dataset = far.dataset("images");
            ImageList remote = far.worker().open(dataset, far.notices::add).train();
            Views.assertSame(far.local(dataset).train(), remote, 0, 2);
            assertEquals(1, far.notices.size(), far.notices.toString());
            assertTrue(far.notices.peek().contains("can't be written"), far.notices.peek());
        }
    }
}
