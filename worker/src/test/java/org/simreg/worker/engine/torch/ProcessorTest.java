package org.simreg.worker.engine.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What libtorch may use of processors as their machines describe them. */
class ProcessorTest {
    private static final String ZEN5 = "flags\t\t: fpu avx2 avx512f avx512_bf16 avx512_vnni\n";
    private static final String SAPPHIRE = "flags\t\t: fpu avx2 avx512f avx512_bf16 amx_bf16 avx512_fp16\n";

    @TempDir
    Path root;

    private Processor processor(String cpuinfo, boolean caches) throws IOException {
        Files.createDirectories(root.resolve("proc"));
        Files.writeString(root.resolve("proc/cpuinfo"), cpuinfo);
        if (caches) {
            Files.createDirectories(root.resolve("sys/devices/system/cpu/cpu0/cache/index0"));
        }
        return Processor.read(root);
    }

    @Test
    void allSetsWhereTheCachesAreKnown() throws IOException {
        Processor zen = processor(ZEN5, true);
        assertEquals(" avx2 avx512f avx512_bf16", zen.instructions());
        assertFalse(zen.hidden());
        assertTrue(zen.oneDnn());
        assertEquals(
                " avx2 avx512f avx512_bf16 avx512_fp16 amx_bf16",
                processor(SAPPHIRE, true).instructions());
    }

    @Test
    void theCachesAreHiddenWhereLinuxKnowsNone() throws IOException {
        assertTrue(processor(ZEN5, false).hidden());
        Processor old = processor("flags\t\t: fpu sse4_1\n", false);
        assertFalse(old.hidden(), "its oneDNN has no kernels that plan by them");
        assertTrue(old.oneDnn());
        assertEquals("", old.instructions());
    }

    /** Older ones cut sums of products of eight bits off. */
    @Test
    void bytesAreMultipliedWhereThereAreInstructionsForThem() throws IOException {
        assertTrue(processor(ZEN5, true).multipliesBytes());
        assertTrue(processor("flags\t\t: fpu avx2 avx_vnni\n", true).multipliesBytes());
        assertFalse(processor("flags\t\t: fpu avx2 avx512f\n", true).multipliesBytes());
    }

    @Test
    void noneWhereNothingIsKnown() {
        assertEquals("", Processor.read(root).instructions());
    }
}
