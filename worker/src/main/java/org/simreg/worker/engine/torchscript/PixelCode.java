package org.simreg.worker.engine.torchscript;

import java.util.Locale;
import java.util.function.IntToDoubleFunction;
import org.simreg.proto.Pixels;
import org.simreg.worker.engine.torch.ScriptSource;

/** The normalisation of pixels as TorchScript source: bytes to what a network wants. */
final class PixelCode {
    /**
     * Mean and standard deviation of red, green, blue, for pixels from 0 to 1.
     *
     * @param mean is subtracted
     * @param deviation divides what is left
     */
    private record Range(double[] mean, double[] deviation) {
        /** The range of torchvision's and the published self-supervised weights. */
        static final Range IMAGENET = new Range(new double[] {0.485, 0.456, 0.406}, new double[] {0.229, 0.224, 0.225});

        /** timm calls it Inception's, and uses it for most vision transformers. */
        static final Range HALF = alike(0.5, 0.5);

        /** Pixels from 0 to 1 as they are. */
        static final Range UNIT = alike(0, 1);

        /** The range of OpenAI's CLIP. */
        static final Range CLIP = new Range(
                new double[] {0.48145466, 0.4578275, 0.40821073}, new double[] {0.26862954, 0.26130258, 0.27577711});

        private static Range alike(double mean, double deviation) {
            return new Range(new double[] {mean, mean, mean}, new double[] {deviation, deviation, deviation});
        }

        static Range of(Pixels name) {
            return switch (name) {
                case IMAGENET -> IMAGENET;
                case HALF -> HALF;
                case UNIT -> UNIT;
                case CLIP -> CLIP;
                case UNRECOGNIZED -> throw new IllegalArgumentException("pixels of a newer version");
            };
        }

        /** The factors of the bytes of red, green and blue, as a TorchScript list. */
        String scale() {
            return list(i -> 1 / (255 * deviation[i]));
        }

        /** The summands after that. */
        String shift() {
            return list(i -> -mean[i] / deviation[i]);
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
        Range range = Range.of(wanted);
        source.line("pixels = torch.to(torch.permute(images, [0, 3, 1, 2]), %d)", ScriptSource.FLOAT32);
        source.line(
                "scale = torch.tensor(%s, dtype=%d, device=ops.prim.device(images))",
                range.scale(), ScriptSource.FLOAT32);
        source.line(
                "shift = torch.tensor(%s, dtype=%d, device=ops.prim.device(images))",
                range.shift(), ScriptSource.FLOAT32);
        source.line(
                "normalised = torch.addcmul(torch.view(shift, [1, 3, 1, 1]), pixels, torch.view(scale, [1, 3, 1, 1]))");
        source.line("x = %s", bfloat16 ? "torch.to(normalised, " + ScriptSource.BFLOAT16 + ")" : "normalised");
        return "x";
    }
}
