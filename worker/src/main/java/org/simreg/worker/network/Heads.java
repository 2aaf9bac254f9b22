package org.simreg.worker.network;

import org.simreg.proto.Head;
import org.simreg.worker.network.Op.BatchNorm;
import org.simreg.worker.network.Op.Linear;
import org.simreg.worker.network.Op.Relu;

/**
 * The heads that training puts on top of a backbone, as networks from feature (N, in) to (N, out).
 *
 * @see <a href="https://arxiv.org/abs/2201.05131">Navaneet et al. 2021, section 3.2</a>
 */
public final class Heads {
    private Heads() {}

    /**
     * SimReg's head, of widths m = in, 2m, m, 2m, out for four layers and m, 2m, out for two.
     *
     * <ul>
     *   <li>{@code RELEASED}: what the published weights were trained with: BatchNorm and ReLU
     *       follow the first and the third of four layers, nothing stands between two.
     *   <li>{@code PAPER}: BatchNorm and ReLU follow every hidden layer.
     *   <li>{@code LINEAR}: BatchNorm, then one linear layer.
     * </ul>
     *
     * @param layers 1, 2 or 4 linear layers
     */
    public static NetworkGraph regression(Head.Form form, int layers, int in, int out) {
        NetworkBuilder head = new NetworkBuilder();
        int x = NetworkBuilder.INPUT;
        int place = 0;
        if (form == Head.Form.LINEAR) {
            x = head.add(String.valueOf(place++), new BatchNorm(in), x);
        }
        int count = form == Head.Form.LINEAR ? 1 : layers;
        int width = in;
        for (int layer = 0; layer < count; layer++) {
            boolean last = layer == count - 1;
            int next = last ? out : layer % 2 == 0 ? 2 * in : in;
            x = head.add(String.valueOf(place++), new Linear(width, next), x);
            boolean activated = form == Head.Form.PAPER || count == 4 && layer % 2 == 0;
            if (!last && activated) {
                x = head.add(String.valueOf(place++), new BatchNorm(next), x);
                x = head.add(String.valueOf(place++), new Relu(), x);
            }
            width = next;
        }
        return head.network("head", in, out);
    }

    /**
     * BYOL's projector and predictor: Linear, BatchNorm, ReLU, Linear.
     *
     * @see <a href="https://arxiv.org/abs/2006.07733">Grill et al. 2020, section 3.3</a>
     */
    public static NetworkGraph projection(int in, int hidden, int out) {
        NetworkBuilder head = new NetworkBuilder();
        int x = head.add("0", new Linear(in, hidden), NetworkBuilder.INPUT);
        x = head.add("1", new BatchNorm(hidden), x);
        x = head.add("2", new Relu(), x);
        head.add("3", new Linear(hidden, out), x);
        return head.network("projection", in, out);
    }
}
