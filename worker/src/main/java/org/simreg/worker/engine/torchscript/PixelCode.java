package org.simreg.worker.engine.torchscript;

import java.util.Locale;
import java.util.function.IntToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
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
        source.line("scale = %s", channels(i -> 1 / (255 * range.deviation()[i])));
        source.line("shift = %s", channels(i -> -range.mean()[i] / range.deviation()[i]));
        source.line(
                "normalised = torch.addcmul(torch.view(shift, [1, 3, 1, 1]), pixels, torch.view(scale, [1, 3, 1, 1]))");
        source.line("x = %s", bfloat16 ? "torch.to(normalised, " + ScriptSource.BFLOAT16 + ")" : "normalised");
        return "x";
    }

    /** A number a channel, filled in on the device: nothing is copied to it. */
    private static String channels(IntToDoubleFunction value) {
        return IntStream.range(0, 3)
                .mapToObj(i -> String.format(
                        Locale.ROOT,
                        "torch.full([1], %.17g, dtype=%d, layout=None, device=ops.prim.device(images), pin_memory=None)",
                        value.applyAsDouble(i),
                        ScriptSource.FLOAT32))
                .collect(Collectors.joining(", ", "torch.cat([", "])"));
    }
}
