package org.simreg.worker.data.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which files a cache deletes to make room. */
class DiskCacheTest {
    private static final int BLOCK = 4096;

    @TempDir
    Path folder;

    private void file(String name, long millis) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Files.write(file, new byte[BLOCK]);
        Files.setLastModifiedTime(file, FileTime.fromMillis(millis));
    }

    private List<String> left() throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile)
                    .filter(file -> !file.getParent().equals(folder))
                    .map(file -> file.getFileName().toString())
                    .sorted()
                    .toList();
        }
    }

    @Test
    void earlierFilesGoBeforeAnyOfTheCutsOwnTime() throws IOException {
        long now = System.currentTimeMillis();
        // Most files were read in one millisecond; wherever a walk meets the two early ones, they go.
        for (int i = 0; i < 15; i++) {
            file(i + "/same" + i, now);
        }
        file("3/early", now - 1000);
        file("11/earlier", now - 2000);
        DiskCache cache = new DiskCache(folder, 17 * BLOCK);
        // 17 of 17 blocks are used; 13 are to be left beside the new one and an eighth.
        assertEquals(true, cache.reserve(BLOCK));
        List<String> left = left();
        assertEquals(13, left.size(), left.toString());
        assertEquals(true, left.stream().allMatch(name -> name.startsWith("same")), left.toString());
    }

    @Test
    void aStartGoesByTheKeptCountAndFindsWhatAKillLostOfIt() throws IOException {
        long now = System.currentTimeMillis();
        for (int i = 0; i < 10; i++) {
            file(i + "/old" + i, now - 1000);
        }
        new DiskCache(folder, 100 * BLOCK).makeRoom(0);
        assertEquals(OptionalLong.of(10 * BLOCK), new KeptCount(folder).read());
        // Written, and killed before it was counted.
        for (int i = 0; i < 85; i++) {
            file(i + "/lost" + i, now - 500);
        }
        DiskCache cache = new DiskCache(folder, 100 * BLOCK);
        assertEquals(true, cache.reserve(BLOCK));
        long until = System.nanoTime() + 30_000_000_000L;
        while (new KeptCount(folder).read().orElse(0) < 95 * BLOCK && System.nanoTime() < until) {
            Thread.onSpinWait();
        }
        file("0/new", now);
        cache.settle(BLOCK);
        assertEquals(true, cache.reserve(6 * BLOCK));
        List<String> left = left();
        assertEquals(0, left.stream().filter(name -> name.startsWith("old")).count(), left.toString());
        assertEquals(true, left.contains("new"), left.toString());
    }

    @Test
    void aDamagedCountIsNone() throws IOException {
        file("0/one", System.currentTimeMillis());
        Files.writeString(folder.resolve("bytes"), "12");
        assertEquals(OptionalLong.empty(), new KeptCount(folder).read());
        assertEquals(true, new DiskCache(folder, 100 * BLOCK).reserve(BLOCK));
        assertEquals(OptionalLong.of(BLOCK), new KeptCount(folder).read());
    }
}
