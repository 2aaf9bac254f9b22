package org.simreg.worker.engine.torchscript.layer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.simreg.worker.engine.torch.CodeArchive;
import org.simreg.worker.engine.torch.ScriptSource;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.engine.torch.TorchModule;
import org.simreg.worker.network.Op;

class DepthwiseCodeTest {
    private static final int CHANNELS = 32;

    private static Torch torch;

    @BeforeAll
    static void opens() {
        torch = new Torch("cpu", 1);
    }

    @AfterAll
    static void closes() {
        torch.close();
    }

    /** In float32, where libtorch's own gradient is exact enough to compare with; even and odd sizes, below the kernel's too. */
    @ParameterizedTest
    @CsvSource({
        "3, 2, 8, 8", "3, 2, 7, 9", "5, 1, 7, 7", "5, 1, 8, 6", "5, 1, 2, 1", "5, 2, 14, 14", "5, 2, 7, 9",
        "5, 2, 9, 10", "5, 2, 4, 3", "7, 1, 14, 14", "7, 1, 9, 7", "7, 2, 14, 15", "9, 2, 12, 13", "11, 1, 12, 12"
    })
    void theKernelsGradientIsLibtorchs(int kernel, int stride, int height, int width) {
        ScriptSource code = new ScriptSource();
        DepthwiseCode.kernelGradient(code, "ours", kernel, stride);
        int half = kernel / 2;
        String usual = "%s, None, %s, %s, [1, 1], False, [0, 0], torch.size(w, 0), [False, True, False]";
        code.method("theirs(self, x: Tensor, g: Tensor, w: Tensor) -> Tensor")
                .line("none, whole, none = torch.convolution_backward(g, x, "
                        + usual.formatted("w", ScriptSource.pair(stride), ScriptSource.pair(half)) + ")")
                .line("return whole");
        try (TorchModule module = TorchModule.load(torch, CodeArchive.of("Probe", List.of(), code.toString()));
                NDManager scope = torch.scope()) {
            NDArray x = scope.randomNormal(new Shape(2, CHANNELS, height, width));
            NDArray g = scope.randomNormal(new Shape(2, CHANNELS, places(height, stride), places(width, stride)));
            NDArray w = scope.zeros(new Shape(CHANNELS, 1, kernel, kernel));
            NDArray ours = module.call(scope, "ours", x, g, w).get(0);
            assertEquals(w.getShape(), ours.getShape());
            float[] expected = module.call(scope, "theirs", x, g, w).get(0).toFloatArray();
            assertArrayEquals(expected, ours.toFloatArray(), 1e-4f);
        }
    }

    private static int places(int size, int stride) {
        return (size - 1) / stride + 1;
    }

    @Test
    void onlyThoseAreTakenThatOneDnnIsSlowWith() {
        assertEquals(true, DepthwiseCode.takes(new Op.Convolution(8, 8, 5, 1, 2, 8)));
        assertEquals(true, DepthwiseCode.takes(new Op.Convolution(8, 8, 3, 2, 1, 8)));
        assertEquals(false, DepthwiseCode.takes(new Op.Convolution(8, 8, 3, 1, 1, 8)), "fast as it is");
        assertEquals(false, DepthwiseCode.takes(new Op.Convolution(8, 8, 5, 1, 2, 1)), "not depthwise");
        assertEquals(false, DepthwiseCode.takes(new Op.Convolution(8, 16, 5, 1, 2, 8)), "two outputs a channel");
        assertEquals(false, DepthwiseCode.takes(new Op.Convolution(8, 8, 5, 2, Op.SAME, 8)), "padded as needed");
        assertEquals(false, DepthwiseCode.takes(new Op.Convolution(8, 8, 4, 4, 0, 8)), "patches");
        assertEquals(false, DepthwiseCode.takes(new Op.Convolution(8, 8, 5, 4, 2, 8)), "every fourth place");
    }
}
