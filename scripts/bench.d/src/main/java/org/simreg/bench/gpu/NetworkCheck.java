package org.simreg.bench.gpu;

import java.util.List;
import org.simreg.bench.gpu.CheckTable.Figure;
import org.simreg.proto.Network;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.engine.torchscript.FrozenModule;
import org.simreg.worker.network.family.Networks;

/**
 * The comparison of networks on a device with the CPU in float32: features of the frozen network, loss and gradient
 * of the student.
 *
 * <ul>
 *   <li>float32: length of the difference over the length of the CPU's, at most 1e-4. Where a gradient differs by more,
 *       the CPU computes it again with every weight moved by its last bit; four times what that changes passes too.
 *   <li>bfloat16 on the device against float32 on the CPU: 1 less the cosine, at most 1e-2; of gradients 5e-2.
 *       Networks with BatchNorm and random weights have gradients that turn more: twice what the CPU's own bfloat16 does
 *       passes too.
 * </ul>
 */
final class NetworkCheck {
    private static final double FLOAT32 = 1e-4;
    private static final double BFLOAT16 = 1e-2;
    private static final double BFLOAT16_GRADIENT = 5e-2;
    private static final int NEARBY = 4;
    private static final int USUAL = 2;
    private static final int IMAGES = 8;

    private final Torch cpu;
    private final Torch device;
    private final CheckTable table;

    NetworkCheck(Torch cpu, Torch device, CheckTable table) {
        this.cpu = cpu;
        this.device = device;
        this.table = table;
    }

    void all(List<Network> networks) {
        for (Network name : networks) {
            CheckedNetwork network = new CheckedNetwork(name, IMAGES);
            String shown = CheckedNetwork.shown(name);
            FrozenModule.Kind reference = kind(name, false, cpu);
            float[] features = network.features(cpu, reference);
            table.line(
                    shown + " features float32",
                    () -> new Figure(differs(network.features(device, kind(name, false, device)), features), FLOAT32));
            table.line(
                    shown + " features bfloat16",
                    () -> new Figure(turned(network.features(device, kind(name, true, device)), features), BFLOAT16));
            student(shown, network);
        }
    }

    private void student(String shown, CheckedNetwork network) {
        CheckedNetwork.Gradient expected = network.gradient(cpu, false);
        CheckedNetwork.Gradient got = network.gradient(device, false);
        table.line(shown + " loss float32", () -> new Figure(Math.abs(got.loss() - expected.loss()), FLOAT32));
        table.line(shown + " gradient float32", () -> gradient(network, got, expected));
        CheckedNetwork.Gradient rounded = network.gradient(device, true);
        double loss = Math.abs(rounded.loss() - expected.loss());
        double gradient = turned(rounded.values(), expected.values());
        boolean within = loss <= BFLOAT16 && gradient <= BFLOAT16_GRADIENT;
        CheckedNetwork.Gradient usual = within ? expected : network.gradient(cpu, true);
        table.line(shown + " loss bfloat16", () -> rounded(loss, BFLOAT16, Math.abs(usual.loss() - expected.loss())));
        table.line(
                shown + " gradient bfloat16",
                () -> rounded(gradient, BFLOAT16_GRADIENT, turned(usual.values(), expected.values())));
    }

    /** A figure of bfloat16, which may be as large as twice the CPU's own. */
    private static Figure rounded(double value, double most, double usual) {
        return value <= most
                ? new Figure(value, most)
                : new Figure(value, Math.max(most, USUAL * usual), "the CPU's own: %.0e".formatted(usual));
    }

    private Figure gradient(CheckedNetwork network, CheckedNetwork.Gradient got, CheckedNetwork.Gradient expected) {
        double differs = differs(got.values(), expected.values());
        if (differs <= FLOAT32) {
            return new Figure(differs, FLOAT32);
        }
        double nearby = differs(network.nearby(cpu).values(), expected.values());
        return new Figure(
                differs, Math.max(FLOAT32, NEARBY * nearby), "weights moved by their last bit: %.0e".formatted(nearby));
    }

    /** What the device really runs: a CPU that stands for a GPU gets the code without oneDNN's operators. */
    private FrozenModule.Kind kind(Network name, boolean bfloat16, Torch torch) {
        return new FrozenModule.Kind(Networks.pixels(name), bfloat16, torch == cpu && torch.fuses());
    }

    /** Length of the difference over the length of what is expected. */
    private static double differs(float[] got, float[] expected) {
        double difference = 0;
        double length = 0;
        for (int i = 0; i < expected.length; i++) {
            difference += Math.pow((double) got[i] - expected[i], 2);
            length += Math.pow(expected[i], 2);
        }
        return Math.sqrt(difference / length);
    }

    /** 1 less the cosine. */
    private static double turned(float[] got, float[] expected) {
        double product = 0;
        double left = 0;
        double right = 0;
        for (int i = 0; i < expected.length; i++) {
            product += (double) got[i] * expected[i];
            left += Math.pow(got[i], 2);
            right += Math.pow(expected[i], 2);
        }
        return Math.max(0, 1 - product / Math.sqrt(left * right));
    }
}
