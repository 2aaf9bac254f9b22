package org.simreg.worker.torchscript;

import java.util.Locale;

/**
 * ImageNet's mean and standard deviation of red, green, blue, for pixels from 0 to 1: what
 * torchvision's and the published self-supervised weights were trained with.
 */
final class Pixels {
    private static final double[] MEAN = {0.485, 0.456, 0.406};
    private static final double[] DEVIATION = {0.229, 0.224, 0.225};

    private Pixels() {}

    /**
     * Appends the way from bytes to normalised pixels: (N, H, W, 3) uint8 to (N, 3, H, W) in
     * channels-last order, which a permuted NHWC tensor is without a copy.
     *
     * @return the variable that holds the result
     */
    static String append(Source source, boolean bfloat16) {
        source.line("pixels = torch.to(torch.permute(images, [0, 3, 1, 2]), %d)", Source.FLOAT32);
        source.line(
                "scale = torch.tensor(%s, dtype=%d, device=ops.prim.device(images))",
                list(false), Source.FLOAT32);
        source.line(
                "shift = torch.tensor(%s, dtype=%d, device=ops.prim.device(images))",
                list(true), Source.FLOAT32);
        source.line(
                "normalised = torch.addcmul(torch.view(shift, [1, 3, 1, 1]), pixels, torch.view(scale, [1, 3, 1, 1]))");
        source.line(
                "x = %s",
                bfloat16 ? "torch.to(normalised, " + Source.BFLOAT16 + ")" : "normalised");
        return "x";
    }

    private static String list(boolean shift) {
        StringBuilder list = new StringBuilder("[");
        for (int i = 0; i < 3; i++) {
            double value = shift ? -MEAN[i] / DEVIATION[i] : 1 / (255 * DEVIATION[i]);
            list.append(i == 0 ? "" : ", ").append(String.format(Locale.ROOT, "%.17g", value));
        }
        return list.append(']').toString();
    }
}
