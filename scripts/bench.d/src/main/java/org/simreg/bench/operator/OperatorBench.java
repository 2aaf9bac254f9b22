package org.simreg.bench.operator;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.engine.torch.TorchModule;

/**
 * A benchmark of operators, forward and backward, in the libtorch of this project: the modules that {@code
 * operators.py} made, which measures the same in Python's.
 *
 * <pre>OperatorBench FOLDER THREADS [ROUNDS]</pre>
 *
 * {@code FOLDER/names.txt} names one module a line; {@code 0.pt} is the first. Prints a line each: name, tab, milliseconds.
 */
public final class OperatorBench {
    private static final int WARM_UP = 4;

    private OperatorBench() {}

    /** See the class. */
    public static void main(String[] arguments) throws IOException {
        Path folder = Path.of(arguments[0]);
        int rounds = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 15;
        List<String> names = Files.readAllLines(folder.resolve("names.txt"));
        Torch torch = new Torch("cpu", Integer.parseInt(arguments[1]));
        torch.enter();
        JniUtils.setGradMode(true);
        for (int i = 0; i < names.size(); i++) {
            try (TorchModule module = TorchModule.load(torch, Files.readAllBytes(folder.resolve(i + ".pt")))) {
                System.out.printf("%s\t%.1f%n", names.get(i), milliseconds(torch, module, rounds));
            }
        }
        System.exit(0);
    }

    private static double milliseconds(Torch torch, TorchModule module, int rounds) {
        double[] times = new double[rounds];
        try (NDManager all = torch.scope()) {
            NDArray nothing = all.zeros(new Shape(1));
            for (int round = -WARM_UP; round < rounds; round++) {
                long begun = System.nanoTime();
                try (NDManager scope = torch.scope()) {
                    module.call(scope, "forward", nothing).get(0).toFloatArray();
                }
                if (round >= 0) {
                    times[round] = (System.nanoTime() - begun) / 1e6;
                }
            }
        }
        Arrays.sort(times);
        return times[rounds / 2];
    }
}
