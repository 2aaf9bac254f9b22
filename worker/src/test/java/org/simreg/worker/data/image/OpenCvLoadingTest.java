package org.simreg.worker.data.image;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Which libraries a process looks for to decode its first JPEG. */
class OpenCvLoadingTest {
    /** A process that has a decoder. */
    static final class Decoding {
        private Decoding() {}

        public static void main(String[] args) {
            new OpenCvDecoder().close();
        }
    }

    @Test
    void noCudaLibraryOfTheMachineIsLookedFor() throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-Dorg.bytedeco.javacpp.logger.debug=true",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Decoding.class.getName())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertEquals(0, process.waitFor(), said);
        assertTrue(said.contains("libopencv_imgcodecs"), said);
        assertFalse(said.contains("cudart") || said.contains("cublas"), said);
    }
}
