package org.simreg.bench.gpu;

import java.io.BufferedReader;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.simreg.bench.gpu.CheckTable.Figure;
import org.simreg.proto.Network;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.engine.torchscript.FrozenModule;
import org.simreg.worker.network.family.Networks;

/** Equality to the bit: of repeated features and steps in one process, and of steps in two. */
final class RepeatCheck {
    private static final int REPEATS = 20;
    private static final int STEPS = 10;
    private static final int IMAGES = 8;

    private final Torch device;
    private final CheckTable table;

    RepeatCheck(Torch device, CheckTable table) {
        this.device = device;
        this.table = table;
    }

    /** @param name of a network that students can be */
    void all(Network name) {
        CheckedNetwork network = new CheckedNetwork(name, IMAGES);
        String shown = CheckedNetwork.shown(name);
        for (boolean bfloat16 : new boolean[] {false, true}) {
            String type = bfloat16 ? "bfloat16" : "float32";
            FrozenModule.Kind kind = new FrozenModule.Kind(Networks.pixels(name), bfloat16, device.fuses());
            table.line(
                    REPEATS + " times " + shown + " features " + type,
                    () -> others(() -> Arrays.hashCode(network.features(device, kind))));
            table.line(
                    REPEATS + " times " + shown + " backward, update " + type,
                    () -> others(() -> network.trained(device, bfloat16, 1)));
        }
    }

    /** Another process, begun as this one. */
    void processes(Network name, String deviceName, int threads) {
        table.line("two processes, %d steps of %s".formatted(STEPS, CheckedNetwork.shown(name)), () -> {
            Set<String> digests = new HashSet<>();
            for (int i = 0; i < 2; i++) {
                digests.add(line(ChildProcess.start("steps", deviceName, threads, name.name())));
            }
            return new Figure(digests.size() - 1, 0);
        });
    }

    /** The other process' part: prints a digest. */
    static void steps(String deviceName, int threads, Network name) {
        try (Torch torch = new Torch(deviceName, threads)) {
            CheckedNetwork network = new CheckedNetwork(name, IMAGES);
            System.out.println(network.trained(torch, true, STEPS) + " " + network.trained(torch, false, STEPS));
        }
    }

    private static String line(Process process) throws IOException, InterruptedException {
        try (BufferedReader lines = process.inputReader()) {
            String line = lines.readLine();
            if (process.waitFor() != 0 || line == null) {
                throw new IOException("the other process ended with code " + process.exitValue());
            }
            return line;
        }
    }

    /** A computation whose result is compared with its own. */
    private interface Computation {
        Object result();
    }

    /** How many results are others than the first. */
    private static Figure others(Computation computation) {
        Object first = computation.result();
        int others = 0;
        for (int i = 1; i < REPEATS; i++) {
            others += computation.result().equals(first) ? 0 : 1;
        }
        return new Figure(others, 0);
    }
}
