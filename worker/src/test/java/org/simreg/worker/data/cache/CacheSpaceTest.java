package org.simreg.worker.data.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.UserError;

class CacheSpaceTest {
    private static final int BLOCK = 4096;

    @TempDir
    Path folder;

    private long bytes(String size) {
        return CacheSpace.of(folder, size).most();
    }

    @Test
    void sizesAreThoseOfPeopleAndOfKubernetes() {
        assertEquals(20_000_000_000L, bytes("20GB"));
        assertEquals(20L << 30, bytes("20Gi"));
        assertEquals(512L << 20, bytes("512MiB"));
        assertEquals(150_000_000, bytes("150000000"));
        for (String wrong : new String[] {"20 GB", "much", "-1GB", "1MB", "999999999999TB", ""}) {
            String message = assertThrows(UserError.class, () -> bytes(wrong)).getMessage();
            assertTrue(message.startsWith("--cache-size: "), message);
        }
    }

    @Test
    void unaskedItIsHalfOfTheRoomWhateverTheCacheHolds() throws IOException {
        long room = Files.getFileStore(folder).getUsableSpace();
        CacheSpace space = CacheSpace.of(folder.resolve("not/yet/there"));
        assertTrue(space.most() <= Math.max(CacheSpace.LEAST, room / 2 + room / 10), space + " of " + room);
        assertTrue(space.most() >= Math.min(200_000_000_000L, room / 3), space + " of " + room);
    }

    @Test
    void samplesWeightsAndIndexesAreCountedTogether() throws IOException {
        CacheSpace space = new CacheSpace(folder, 100 * BLOCK);
        Files.write(folder.resolve("images-1.index"), new byte[10 * BLOCK]);
        Path weights = Files.createDirectories(space.weights().resolve("sha"));
        Files.write(weights.resolve("teacher.pth"), new byte[50 * BLOCK]);
        Path samples = Files.createDirectories(space.samples().resolve("00"));
        DiskCache cache = new DiskCache(space.samples(), space.most(), space::others);
        for (int i = 0; i < 60; i++) {
            assertTrue(cache.reserve(BLOCK));
            Files.write(samples.resolve("sample-" + i), new byte[BLOCK]);
            cache.settle(BLOCK);
        }
        long held = space.others();
        assertEquals(60 * BLOCK, held);
        try (var files = Files.list(samples)) {
            long kept = files.count();
            assertTrue(kept <= 40 && kept > 20, kept + " samples");
        }
        assertFalse(cache.reserve(45 * BLOCK), "more than weights leave");
    }
}
