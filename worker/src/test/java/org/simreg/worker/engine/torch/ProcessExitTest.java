package org.simreg.worker.engine.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessExitTest {
    private static final int TIMES = Integer.getInteger("simreg.test.exits", 2);

    /** A process whose main thread ends it while another computes. */
    static final class Computing {
        private Computing() {}

        public static void main(String[] arguments) throws InterruptedException {
            CountDownLatch begun = new CountDownLatch(1);
            Thread computing = new Thread(() -> compute(begun), "computing");
            computing.setDaemon(true);
            computing.start();
            begun.await();
            System.exit(7);
        }

        private static void compute(CountDownLatch begun) {
            Torch torch = new Torch("cpu", 2);
            torch.enter();
            while (true) {
                try (NDManager scope = torch.scope()) {
                    NDArray x = scope.ones(new Shape(8, 64, 32, 32));
                    for (int i = 0; i < 4; i++) {
                        x = x.softmax(1).matMul(scope.ones(new Shape(32, 32))).add(1);
                    }
                }
                begun.countDown();
            }
        }
    }

    @Test
    void aProcessThatIsEndedWhileItComputesGivesItsCode(@TempDir Path folder) throws IOException, InterruptedException {
        Path log = folder.resolve("log");
        for (int i = 0; i < TIMES; i++) {
            Process process = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                            "-Xmx128m",
                            "-XX:ErrorFile=" + folder.resolve("hs_err"),
                            "-XX:-CreateCoredumpOnCrash",
                            "-Dai.djl.offline=true",
                            "-cp",
                            System.getProperty("java.class.path"),
                            Computing.class.getName())
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start();
            assertTrue(process.waitFor(60, TimeUnit.SECONDS), "it goes on");
            assertEquals(7, process.exitValue(), Files.readString(log));
        }
    }
}
