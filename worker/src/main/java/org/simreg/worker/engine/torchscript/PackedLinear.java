package org.simreg.worker.engine.torchscript;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.List;
import org.simreg.worker.engine.torch.CodeArchive;
import org.simreg.worker.engine.torch.ScriptSource;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.engine.torch.TorchModule;

/**
 * Expressions of linear layers in bfloat16 whose weights lie in the order that oneDNN's kernel reads, with what follows
 * the layer in the same call ({@code mkldnn::_linear_pointwise}).
 */
public final class PackedLinear {
    private static final String NO_SCALARS = "annotate(List[Optional[number]], [])";
    private static Boolean works;

    private PackedLinear() {}

    /** Whether this machine's oneDNN has them; found by trying, once a process. */
    public static synchronized boolean works(Torch torch) {
        if (works == null) {
            works = torch.fuses() && tried(torch);
        }
        return works;
    }

    private static boolean tried(Torch torch) {
        ScriptSource code = new ScriptSource();
        code.method("product(self, rows: Tensor) -> Tensor")
                .line("x = torch.to(rows, %d)", ScriptSource.BFLOAT16)
                .line("w = %s", weight("x", 1))
                .line("return torch.to(%s, %d)", product("x", "w", "None"), ScriptSource.FLOAT32);
        try (TorchModule module = TorchModule.load(torch, CodeArchive.of("Probe", List.of(), code.toString()));
                NDManager scope = torch.scope()) {
            NDArray rows = scope.create(new float[] {1, 2, 3, 4}).reshape(2, 2);
            return module.call(scope, "product", rows).get(0).toFloatArray()[3] == 25;
        } catch (EngineException unsupported) {
            return false;
        }
    }

    /**
     * The weight of a layer, reordered.
     *
     * @param weight (out, in) bfloat16
     * @param rows that the order is best for; any other number works too
     */
    public static String weight(String weight, int rows) {
        return "ops.mkldnn._reorder_linear_weight(" + weight + ", " + rows + ")";
    }

    /** x W^T + b; x bfloat16, the bias too, or {@code None}. */
    public static String product(String x, String weight, String bias) {
        return pointwise(x, weight, bias, "none", "");
    }

    /** The GELU of x W^T + b, exact or by tanh. */
    static String gelu(String x, String weight, String bias, boolean tanh) {
        return pointwise(x, weight, bias, "gelu", tanh ? "tanh" : "none");
    }

    private static String pointwise(String x, String weight, String bias, String activation, String algorithm) {
        return "ops.mkldnn._linear_pointwise(%s, %s, %s, \"%s\", %s, \"%s\")"
                .formatted(x, weight, bias, activation, NO_SCALARS, algorithm);
    }

    /** other + x W^T + b; other bfloat16. */
    static String sum(String x, String other, String weight, String bias) {
        return "ops.mkldnn._linear_pointwise(%s, %s, %s, %s, \"add\")".formatted(x, other, weight, bias);
    }
}
