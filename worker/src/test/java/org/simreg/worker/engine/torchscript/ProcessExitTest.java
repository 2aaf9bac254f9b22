package org.simreg.worker.engine.torchscript;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.worker.engine.torch.ProcessExit;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Op;
import org.simreg.worker.weights.tensor.HostTensor;
import org.simreg.worker.weights.tensor.StateDict;

class ProcessExitTest {
    private static final int TIMES = Integer.getInteger("simreg.test.exits", 3);

    @TempDir
    Path folder;

    /** A process whose main thread ends it while another computes; with an argument, a hook keeps it from ending. */
    static final class Computing {
        private Computing() {}

        public static void main(String[] arguments) throws InterruptedException {
            if (arguments.length > 0) {
                Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                    ProcessExit.within(Duration.ofMillis(200));
                    new Semaphore(0).acquireUninterruptibly();
                }));
            }
            CountDownLatch begun = new CountDownLatch(1);
            Thread computing = new Thread(() -> compute(begun), "computing");
            computing.setDaemon(true);
            computing.start();
            begun.await();
            System.exit(7);
        }

        /** By oneDNN, whose globals were destroyed under it: SIGSEGV in {@code dnnl_primitive_execute}. */
        private static void compute(CountDownLatch begun) {
            Torch torch = new Torch("cpu", 2);
            List<NetworkGraph.Node> nodes = new ArrayList<>();
            for (int i = 0; i < 64; i++) {
                nodes.add(new NetworkGraph.Node("conv" + i, new Op.Convolution(i == 0 ? 3 : 8, 8, 3, 1, 1, 1), i, -1));
            }
            NetworkGraph network = new NetworkGraph("small", nodes, 3, 8);
            Map<String, long[]> shapes = new LinkedHashMap<>();
            network.weights().forEach(weight -> shapes.put(weight.name(), weight.shape()));
            StateDict weights = StateDict.lazy(shapes, name -> new float[(int) HostTensor.count(shapes.get(name))]);
            FrozenModule module = FrozenModule.of(torch, network, weights, true);
            while (true) {
                try (NDManager scope = torch.scope()) {
                    ByteBuffer black = ByteBuffer.allocateDirect(64 * 32 * 32 * 3);
                    module.features(scope, Torch.images(scope, black, 64, 32));
                }
                begun.countDown();
            }
        }
    }

    @Test
    void aProcessThatIsEndedWhileItComputesGivesItsCode() throws IOException, InterruptedException {
        for (int i = 0; i < TIMES; i++) {
            requireEnd(7);
        }
    }

    @Test
    void aProcessThatCanNotEndIsEnded() throws IOException, InterruptedException {
        requireEnd(143, "kept");
    }

    private void requireEnd(int code, String... arguments) throws IOException, InterruptedException {
        Path log = folder.resolve("log");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-XX:ErrorFile=" + folder.resolve("hs_err"),
                "-XX:-CreateCoredumpOnCrash",
                "-Dai.djl.offline=true",
                "-cp",
                System.getProperty("java.class.path"),
                Computing.class.getName()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        assertTrue(process.waitFor(60, TimeUnit.SECONDS), "it goes on");
        assertEquals(code, process.exitValue(), Files.readString(log));
    }
}
