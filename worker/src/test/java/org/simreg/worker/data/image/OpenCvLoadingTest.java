package org.simreg.worker.data.image;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.simreg.worker.engine.torch.JavaProcess;

/** Which libraries a process looks for to decode its first JPEG. */
class OpenCvLoadingTest {
    /** A process that has a decoder. */
    static final class Decoding {
        private Decoding() {}

        public static void main(String[] args) {
            System.setProperty("org.bytedeco.javacpp.logger.debug", "true");
            System.setErr(System.out);
            new OpenCvDecoder().close();
        }
    }

    @Test
    void noCudaLibraryOfTheMachineIsLookedFor() throws IOException, InterruptedException {
        String said = String.join("\n", JavaProcess.lines(Decoding.class, Map.of()));
        assertTrue(said.contains("libopencv_imgcodecs"), said);
        assertFalse(said.contains("cudart") || said.contains("cublas"), said);
    }
}
