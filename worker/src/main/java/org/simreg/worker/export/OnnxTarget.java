package org.simreg.worker.export;

import java.util.Map;
import java.util.OptionalInt;
import org.simreg.proto.UserError;
import org.simreg.worker.export.onnx.GraphProto;
import org.simreg.worker.export.onnx.NodeProto;

/**
 * The images and operators that an ONNX file is written for.
 *
 * @param size height and width of the images in pixels
 * @param batch how many images a call takes; empty: any number of any size. With a number all shapes are fixed and
 *     convolutions have explicit pads, as compilers for small devices want it
 * @param operators version of the operator set, {@value #LEAST} to {@value #MOST}
 */
public record OnnxTarget(int size, OptionalInt batch, int operators) {
    /** The version that is written unless another is asked for; ONNX Runtime 1.14 and later know it. */
    public static final int USUAL = 17;

    static final int LEAST = 13;
    static final int MOST = 21;

    /** The version since which there is an operator, of those that came later than {@value #LEAST}. */
    private static final Map<String, Integer> SINCE = Map.of("HardSwish", 14, "Shape", 15, "LayerNormalization", 17);

    public OnnxTarget {
        if (operators < LEAST || operators > MOST) {
            throw new UserError("--opset: %d is out of bounds; choose %d to %d".formatted(operators, LEAST, MOST));
        }
        if (batch.isPresent() && (batch.getAsInt() < 1 || batch.getAsInt() > 1024)) {
            throw new UserError("--batch: %d is out of bounds; choose 1 to 1024".formatted(batch.getAsInt()));
        }
    }

    /** Images of any size, which the network is best at one size with. */
    public OnnxTarget(int size) {
        this(size, OptionalInt.empty(), USUAL);
    }

    /** The version of the file format that goes with the operators. */
    int format() {
        return operators <= 18 ? 8 : operators <= 20 ? 9 : 10;
    }

    /**
     * @throws UserError if an operator of a network isn't in the set yet
     */
    void requireOperators(String network, GraphProto graph) {
        int least = graph.getNodeList().stream()
                .map(NodeProto::getOpType)
                .mapToInt(type -> SINCE.getOrDefault(type, LEAST))
                .max()
                .orElse(LEAST);
        if (least > operators) {
            throw new UserError("--opset: %s needs operators that opset %d doesn't have; choose %d or more"
                    .formatted(network, operators, least));
        }
    }
}
