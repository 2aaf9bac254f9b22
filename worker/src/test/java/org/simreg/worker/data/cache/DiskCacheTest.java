package org.simreg.worker.data.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
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
}
