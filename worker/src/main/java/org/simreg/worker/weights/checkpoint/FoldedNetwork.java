package org.simreg.worker.weights.checkpoint;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Op;
import org.simreg.worker.network.Weight;
import org.simreg.worker.weights.tensor.HostTensor;
import org.simreg.worker.weights.tensor.LazyTensor;
import org.simreg.worker.weights.tensor.StateDict;

/**
 * A network for inference: every BatchNorm that follows a convolution has become part of it, as a
 * factor on the weights and a bias. Other BatchNorms (in heads) stay; what is drawn while training (drop path) is gone.
 *
 * @param network the remaining layers, renumbered
 * @param weights values by {@link Weight#name()} of {@code network.weights()}, row-major; every convolution has a bias
 * @param places number of a value of the whole network to its number in {@code network}; that of a
 *     BatchNorm which was folded is its convolution's
 */
public record FoldedNetwork(NetworkGraph network, StateDict weights, Map<Integer, Integer> places) {
    public FoldedNetwork {
        places = Map.copyOf(places);
    }

    /**
     * Folds in double precision and rounds once to float32, each tensor when it is asked for.
     *
     * @param weights at least all of {@code network.weights()}
     */
    public static FoldedNetwork of(NetworkGraph network, StateDict weights) {
        return new Folding(network, weights).folded();
    }

    /** The folding of one network, layer by layer. */
    private static final class Folding {
        private final NetworkGraph network;
        private final StateDict state;
        private final Map<String, LazyTensor> weights = new LinkedHashMap<>();

        Folding(NetworkGraph network, StateDict state) {
            this.network = network;
            this.state = state;
        }

        FoldedNetwork folded() {
            Map<Integer, Integer> numbers = new HashMap<>(Map.of(-1, -1, 0, 0));
            List<NetworkGraph.Node> kept = new ArrayList<>();
            List<NetworkGraph.Node> nodes = network.nodes();
            for (int i = 0; i < nodes.size(); i++) {
                NetworkGraph.Node node = nodes.get(i);
                if (node.op() instanceof Op.BatchNorm norm && isFolded(node)) {
                    fold(nodes.get(node.input() - 1).name(), node.name(), norm.epsilon());
                    numbers.put(i + 1, numbers.get(node.input()));
                    continue;
                }
                if (node.op() instanceof Op.DropPath) {
                    numbers.put(i + 1, numbers.get(node.input()));
                    continue;
                }
                keep(node);
                Op op = node.op() instanceof Op.Convolution convolution ? convolution.biased() : node.op();
                int input = numbers.get(node.input());
                kept.add(new NetworkGraph.Node(node.name(), op, input, numbers.get(node.second())));
                numbers.put(i + 1, kept.size());
            }
            NetworkGraph small = new NetworkGraph(network.name(), kept, network.inputs(), network.outputs());
            return new FoldedNetwork(small, new StateDict(weights), numbers);
        }

        private void keep(NetworkGraph.Node node) {
            for (Weight weight : NetworkGraph.weightsOf(node)) {
                weights.put(weight.name(), state.stored(weight.name()).asFloat32());
            }
            if (node.op() instanceof Op.Convolution convolution && !convolution.bias()) {
                HostTensor zeros = HostTensor.of(new float[convolution.out()], convolution.out());
                weights.put(node.name() + ".bias", LazyTensor.of(zeros));
            }
        }

        /** A convolution whose plain output is read elsewhere too must keep it. */
        private boolean isFolded(NetworkGraph.Node norm) {
            int input = norm.input();
            return input > 0
                    && network.nodes().get(input - 1).op() instanceof Op.Convolution
                    && network.nodes().stream()
                                    .filter(n -> n.input() == input || n.second() == input)
                                    .count()
                            == 1;
        }

        private void fold(String convolution, String norm, double epsilon) {
            LazyTensor kernel = weights.get(convolution + ".weight");
            LazyTensor bias = weights.get(convolution + ".bias");
            weights.put(convolution + ".weight", kernel.mapped(values -> scaled(values, factors(norm, epsilon))));
            weights.put(convolution + ".bias", bias.mapped(values -> shifted(values, norm, factors(norm, epsilon))));
        }

        /** What each output is multiplied with. */
        private double[] factors(String norm, double epsilon) {
            float[] scale = values(norm + ".weight");
            float[] variance = values(norm + ".running_var");
            double[] factors = new double[scale.length];
            for (int out = 0; out < factors.length; out++) {
                factors[out] = scale[out] / Math.sqrt(variance[out] + epsilon);
            }
            return factors;
        }

        private static float[] scaled(float[] kernel, double[] factors) {
            int width = kernel.length / factors.length;
            for (int i = 0; i < kernel.length; i++) {
                kernel[i] = (float) (kernel[i] * factors[i / width]);
            }
            return kernel;
        }

        private float[] shifted(float[] bias, String norm, double[] factors) {
            float[] shift = values(norm + ".bias");
            float[] mean = values(norm + ".running_mean");
            for (int out = 0; out < bias.length; out++) {
                bias[out] = (float) (shift[out] + (bias[out] - mean[out]) * factors[out]);
            }
            return bias;
        }

        private float[] values(String name) {
            return state.get(name).floats();
        }
    }
}
