package org.simreg.worker.engine.torchscript;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.simreg.worker.engine.torch.ScriptSource;
import org.simreg.worker.engine.torchscript.layer.LayerCode;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Op;

/**
 * The forward pass of a {@link NetworkGraph} as TorchScript source. Activations are overwritten in
 * place where autograd allows it: BatchNorm keeps its input, ReLU its output, and a sum of BatchNorm's output needs
 * neither.
 */
public final class ForwardCode {
    /** The expressions by which a layer's weights are read in the source. */
    public interface Names {
        /** Expression for a trained tensor, such as {@code w[3]}. */
        String trained(String name);

        /**
         * Arguments of torch.batch_norm after the shift: running mean and variance, training,
         * momentum.
         */
        String normalisation(String layer);

        /** The variable of a convolution that has been written otherwise than usual; none by default. */
        default Optional<String> convolution(Op.Convolution c, String name, String x) {
            return Optional.empty();
        }

        /** A branch of which some images are dropped while training; the branch itself by default. */
        default String dropped(Op.DropPath path, String x) {
            return x;
        }
    }

    private final ScriptSource source;
    private final Names names;
    private final LayerCode layers;
    private final String prefix;

    /**
     * @param prefix first letters of the variables, different for each network in a method
     * @param bfloat16 whether linear layers get their input rounded; convolutions keep the type
     *     they get
     */
    public ForwardCode(ScriptSource source, Names names, String prefix, boolean bfloat16) {
        this.source = source;
        this.names = names;
        this.prefix = prefix;
        layers = new LayerCode(source, names::trained, bfloat16);
    }

    /**
     * Appends the layers.
     *
     * @param input variable that holds the input
     * @param place prefix of the names of the weights, {@code head.} or empty
     * @return the variable that holds the output
     */
    public String append(NetworkGraph network, String place, String input) {
        List<NetworkGraph.Node> nodes = network.nodes();
        for (int i = 0; i < nodes.size(); i++) {
            NetworkGraph.Node node = nodes.get(i);
            String x = node.input() == 0 ? input : prefix + node.input();
            String y = node.second() == 0 ? input : prefix + node.second();
            source.line("%s%d = %s", prefix, i + 1, value(network, node, place, x, y));
        }
        return prefix + nodes.size();
    }

    private String value(NetworkGraph network, NetworkGraph.Node node, String place, String x, String y) {
        if (node.op() instanceof Op.Add) {
            return sum(network, node, x, y);
        } else if (node.op() instanceof Op.Multiply) {
            return "torch.mul(" + x + ", " + y + ")";
        }
        return expression(node, place + node.name(), x);
    }

    private String expression(NetworkGraph.Node node, String name, String x) {
        Op op = node.op();
        if (op instanceof Op.BatchNorm norm) {
            return String.format(
                    Locale.ROOT,
                    "torch.batch_norm(%s, %s, %s, %s, %.10f, True)",
                    x,
                    names.trained(name + ".weight"),
                    names.trained(name + ".bias"),
                    names.normalisation(name),
                    norm.epsilon());
        } else if (op instanceof Op.DropPath path) {
            return names.dropped(path, x);
        } else if (op instanceof Op.Convolution convolution) {
            return names.convolution(convolution, name, x).orElseGet(() -> layers.expression(op, name, x));
        }
        return layers.expression(op, name, x);
    }

    /** In place where the first summand is a BatchNorm's output, which nothing keeps. */
    private static String sum(NetworkGraph network, NetworkGraph.Node node, String x, String y) {
        boolean kept =
                node.input() == 0 || !(network.nodes().get(node.input() - 1).op() instanceof Op.BatchNorm);
        return "torch." + (kept ? "add" : "add_") + "(" + x + ", " + y + ")";
    }
}
