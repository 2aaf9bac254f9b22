package org.simreg.worker.engine.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.simreg.worker.base.concurrent.NamedThreads;
import org.simreg.worker.base.io.Sha256;

/**
 * The fingerprint of a device's arithmetic: a digest over the results of convolutions, their gradients, products and
 * normalisations of fixed numbers, in float32 and bfloat16. Processors that call themselves the same may round
 * otherwise, by the kernels that libtorch and oneDNN choose for them. Computed on one thread, so that it doesn't depend
 * on how many there are; once a process.
 */
final class Fingerprint {
    private static final int IMAGES = 4;
    private static final int SIDE = 14;
    private static final int CHANNELS = 64;
    private static final int KERNEL = 3;
    private static final int WIDTH = 512;
    private static final int DIGITS = 12;
    private static final int[] TYPES = {ScriptSource.FLOAT32, ScriptSource.BFLOAT16};
    private static final Map<String, String> KNOWN = new ConcurrentHashMap<>();

    private Fingerprint() {}

    /** Of the device of {@code torch}, which nobody else uses meanwhile. */
    static String of(Torch torch) {
        return KNOWN.computeIfAbsent(torch.device(), device -> onThread(torch));
    }

    private static String onThread(Torch torch) {
        CompletableFuture<String> digest = new CompletableFuture<>();
        Runnable work = () -> {
            try {
                torch.enterAlone();
                digest.complete(computed(torch));
            } catch (Throwable e) {
                digest.completeExceptionally(e);
            }
        };
        NamedThreads.thread("simreg-fingerprint", work).start();
        try {
            return digest.join();
        } finally {
            Torch.restoreThreads();
        }
    }

    private static String computed(Torch torch) {
        byte[] code = CodeArchive.of("Fingerprint", List.of(), source(torch.cuda()));
        try (TorchModule module = TorchModule.load(torch, code);
                NDManager scope = torch.scope()) {
            NDArray images = numbers(scope, 1, IMAGES, SIDE, SIDE, CHANNELS);
            NDArray kernels = numbers(scope, 2, CHANNELS, CHANNELS, KERNEL, KERNEL);
            NDArray scales = numbers(scope, 3, CHANNELS);
            NDArray left = numbers(scope, 4, 2L * IMAGES, WIDTH);
            NDArray right = numbers(scope, 5, CHANNELS, WIDTH);
            ByteBuffer bytes = module.call(scope, "results", images, kernels, scales, left, right)
                    .get(0)
                    .toByteBuffer();
            return new Sha256().bytes(bytes).hex().substring(0, DIGITS);
        }
    }

    /**
     * @param cuda whether it runs on a GPU, whose gradients of convolutions needn't have the same bits every time
     */
    private static String source(boolean cuda) {
        ScriptSource source = new ScriptSource()
                .method("results(self, images: Tensor, kernels: Tensor, scales: Tensor, left: Tensor, right: Tensor)"
                        + " -> Tensor");
        StringBuilder all = new StringBuilder();
        for (int type : TYPES) {
            source.line("x%d = torch.permute(torch.to(images, %d), [0, 3, 1, 2])", type, type);
            source.line("w%d = torch.to(kernels, %d)", type, type);
            source.line(
                    "y%d = torch._convolution(x%d, w%d, None, [1, 1], [1, 1], [1, 1], False, [0, 0], 1, False, True, True, False)",
                    type, type, type);
            source.line(
                    "n%d = torch.batch_norm(y%d, scales, scales, None, None, True, 0.10000000000000001, 0.00001, True)",
                    type, type);
            source.line("p%d = torch.linear(torch.to(left, %d), torch.to(right, %d))", type, type, type);
            add(all, "y" + type, "n" + type, "p" + type);
            if (!cuda) {
                source.line(
                        "a%d, b%d, c%d = torch.convolution_backward(n%d, x%d, w%d, None, [1, 1], [1, 1], [1, 1], False, [0, 0], 1, [True, True, False])",
                        type, type, type, type, type, type);
                add(all, "a" + type, "b" + type);
            }
        }
        return source.line("return torch.cat([%s])", all.substring(2)).toString();
    }

    private static void add(StringBuilder all, String... names) {
        for (String name : names) {
            all.append(", torch.to(torch.reshape(")
                    .append(name)
                    .append(", [-1]), ")
                    .append(ScriptSource.FLOAT32)
                    .append(')');
        }
    }

    /** Fixed numbers from -1 to 1 that float32 has exactly. */
    private static NDArray numbers(NDManager scope, int seed, long... shape) {
        Shape dimensions = new Shape(shape);
        float[] values = new float[(int) dimensions.size()];
        int state = seed;
        for (int i = 0; i < values.length; i++) {
            state = state * 1664525 + 1013904223;
            values[i] = (state >> 8) / (float) (1 << 23);
        }
        return scope.create(values, dimensions);
    }
}
