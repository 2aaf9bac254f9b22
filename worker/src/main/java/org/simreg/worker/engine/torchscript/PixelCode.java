package org.simreg.worker.engine.torchscript;

import java.util.Locale;
import java.util.function.IntToDoubleFunction;
import org.simreg.proto.Pixels;
import org.simreg.worker.engine.torch.ScriptSource;
import org.simreg.worker.network.PixelRange;

/** The normalisation of pixels as TorchScript source: bytes to what a network wants. */
final class PixelCode {
    private PixelCode() {}

    /** Appends the normalisation by ImageNet's mean and deviation. */
    static String append(ScriptSource source, boolean bfloat16) {
        return append(source, Pixels.IMAGENET, bfloat16);
    }

    /**
     * Appends the normalisation: (N, H, W, 3) uint8 to (N, 3, H, W) in channels-last order, which a
     * permuted NHWC tensor is without a copy.
     *
     * @return the variable that holds the result
     */
    static String append(ScriptSource source, Pixels wanted, boolean bfloat16) {
        PixelRange range = PixelRange.of(wanted);
        source.line("pixels = torch.to(torch.permute(images, [0, 3, 1, 2]), %d)", ScriptSource.FLOAT32);
        source.line(
                "scale = torch.tensor(%s, dtype=%d, device=ops.prim.device(images))",
                list(i -> 1 / (255 * range.deviation()[i])), ScriptSource.FLOAT32);
        source.line(
                "shift = torch.tensor(%s, dtype=%d, device=ops.prim.device(images))",
                list(i -> -range.mean()[i] / range.deviation()[i]), ScriptSource.FLOAT32);
        source.line(
                "normalised = torch.addcmul(torch.view(shift, [1, 3, 1, 1]), pixels, torch.view(scale, [1, 3, 1, 1]))");
        source.line("x = %s", bfloat16 ? "torch.to(normalised, " + ScriptSource.BFLOAT16 + ")" : "normalised");
        return "x";
    }

    private static String list(IntToDoubleFunction value) {
        return String.format(
                Locale.ROOT,
                "[%.17g, %.17g, %.17g]",
                value.applyAsDouble(0),
                value.applyAsDouble(1),
                value.applyAsDouble(2));
    }
}
