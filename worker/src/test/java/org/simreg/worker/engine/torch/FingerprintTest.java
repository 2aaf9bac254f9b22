package org.simreg.worker.engine.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.simreg.proto.NumericProfile;

/** Processes whose processors say the same of themselves and round differently. */
class FingerprintTest {
    private static final Map<String, String> NARROW =
            Map.of("ONEDNN_MAX_CPU_ISA", "AVX2", "ATEN_CPU_CAPABILITY", "avx2");

    @Test
    void kernelsThatRoundOtherwiseHaveAnotherFingerprint() throws IOException, InterruptedException {
        String own = profile(1, Map.of());
        assertEquals(own, profile(1, Map.of()), "every process has the same");
        String two = profile(2, Map.of("OMP_NUM_THREADS", "2"));
        assertEquals(own.replace("cpu x1", "cpu x2"), two, "threads are said in the text, and don't change it");
        if (own.contains("avx512") && !own.contains("without oneDNN")) {
            String narrow = profile(1, NARROW);
            assertEquals(NumericProfile.machine(own), NumericProfile.machine(narrow));
            assertNotEquals(own, narrow);
            assertFalse(NumericProfile.same(own, narrow));
        }
        assertTrue(NumericProfile.same(own, NumericProfile.machine(own)), "a profile from before fingerprints");
    }

    private static String profile(int threads, Map<String, String> environment)
            throws IOException, InterruptedException {
        return JavaProcess.lines(ProfileProbe.class, environment, String.valueOf(threads)).stream()
                .filter(line -> line.startsWith("libtorch "))
                .findFirst()
                .orElseThrow();
    }
}
