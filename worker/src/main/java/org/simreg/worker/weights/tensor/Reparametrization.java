package org.simreg.worker.weights.tensor;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.simreg.proto.UserError;

/**
 * Tensors that a network computes its weights from instead of keeping them, and these weights: pruning's {@code
 * weight_orig} times {@code weight_mask}, weight normalisation's {@code weight_v} scaled to the norms {@code weight_g}
 * (as a parametrization {@code original1} and {@code original0}).
 *
 * @see <a href="https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.parametrizations.weight_norm.html">weight
 *     normalisation</a>
 */
public final class Reparametrization {
    private static final String PLACE = "parametrizations.";

    private final Map<String, LazyTensor> tensors;

    private Reparametrization(Map<String, LazyTensor> tensors) {
        this.tensors = tensors;
    }

    /**
     * The tensors with weights in place of what they are computed from; all others as they are, in order. A weight that
     * is computed in a way that isn't known here is refused when it is asked for.
     */
    public static Map<String, LazyTensor> merged(Map<String, LazyTensor> tensors) {
        boolean some = tensors.keySet().stream()
                .anyMatch(name -> name.endsWith("_orig") || name.endsWith("_g") || name.contains(PLACE));
        return some ? new Reparametrization(tensors).merged() : tensors;
    }

    private Map<String, LazyTensor> merged() {
        Map<String, LazyTensor> all = new LinkedHashMap<>();
        for (Map.Entry<String, LazyTensor> tensor : tensors.entrySet()) {
            String name = tensor.getKey();
            if (name.endsWith("_orig")) {
                masked(name.substring(0, name.length() - 5), all);
            } else if (name.endsWith("_mask") && isMasked(swapped(name, "_mask", ""))) {
                continue;
            } else if (name.endsWith("_g") && isNormed(swapped(name, "_g", ""))) {
                String weight = swapped(name, "_g", "");
                all.put(weight, normed(tensor.getValue(), tensors.get(weight + "_v")));
            } else if (name.endsWith("_v") && isNormed(swapped(name, "_v", ""))) {
                continue;
            } else if (name.contains(PLACE)) {
                parametrized(name, all);
            } else {
                all.put(name, tensor.getValue());
            }
        }
        return all;
    }

    private boolean isMasked(String weight) {
        LazyTensor values = tensors.get(weight + "_orig");
        return values != null
                && Arrays.equals(values.shape(), tensors.get(weight + "_mask").shape());
    }

    private boolean isNormed(String weight) {
        LazyTensor norm = tensors.get(weight + "_g");
        LazyTensor direction = tensors.get(weight + "_v");
        return norm != null && direction != null && axis(norm.shape(), direction.shape()) > -2;
    }

    private static String swapped(String name, String end, String other) {
        return name.substring(0, name.length() - end.length()) + other;
    }

    private void masked(String weight, Map<String, LazyTensor> all) {
        LazyTensor values = tensors.get(weight + "_orig");
        LazyTensor mask = tensors.get(weight + "_mask");
        if (mask != null && Arrays.equals(mask.shape(), values.shape())) {
            all.put(weight, computed(values, () -> product(values, mask)));
        } else if (tensors.containsKey(weight + "_u")) {
            all.put(weight, unknown(values, weight, "spectral normalisation (torch.nn.utils.remove_spectral_norm)"));
        } else {
            all.put(weight + "_orig", values);
        }
    }

    private void parametrized(String name, Map<String, LazyTensor> all) {
        int at = name.indexOf(PLACE);
        String rest = name.substring(at + PLACE.length());
        String own = rest.substring(0, Math.max(0, rest.indexOf('.')));
        String weight = name.substring(0, at) + own;
        String place = name.substring(0, at + PLACE.length()) + own + ".";
        LazyTensor norm = tensors.get(place + "original0");
        LazyTensor direction = tensors.get(place + "original1");
        if (norm != null && direction != null && axis(norm.shape(), direction.shape()) > -2) {
            all.put(weight, normed(norm, direction));
        } else if (tensors.containsKey(place + "original")) {
            String how = "a parametrization (torch.nn.utils.parametrize.remove_parametrizations)";
            all.put(weight, unknown(tensors.get(place + "original"), weight, how));
        } else {
            all.put(name, tensors.get(name));
        }
    }

    /** Refused only where it is needed. */
    private static LazyTensor unknown(LazyTensor like, String weight, String how) {
        return new LazyTensor(DType.FLOAT32, like.shape(), () -> {
            throw new UserError(
                    "Can't read the weight %s: it is computed by %s, which isn't known here; remove that from its module and save it again"
                            .formatted(weight, how));
        });
    }

    private static LazyTensor computed(LazyTensor like, Supplier<float[]> values) {
        return new LazyTensor(
                DType.FLOAT32,
                like.shape(),
                () -> HostTensor.of(values.get(), like.shape()).data());
    }

    private static float[] product(LazyTensor values, LazyTensor mask) {
        float[] product = values.load().floats();
        HostTensor factors = mask.load();
        boolean whole = !factors.dtype().isFloat();
        float[] floats = whole ? null : factors.floats();
        ByteBuffer bytes = factors.data();
        int width = factors.dtype().bytes();
        for (int i = 0; i < product.length; i++) {
            // A mask of whole numbers or booleans is 0 or 1: its lowest byte tells which.
            product[i] *= whole ? bytes.get(i * width) : floats[i];
        }
        return product;
    }

    private static LazyTensor normed(LazyTensor norm, LazyTensor direction) {
        int axis = axis(norm.shape(), direction.shape());
        return computed(direction, () -> scaled(norm.load().floats(), direction, axis));
    }

    /** The axis that each has a norm of its own along; -1 if there is one norm, -2 if it is neither. */
    private static int axis(long[] norm, long[] direction) {
        if (HostTensor.count(norm) == 1) {
            return -1;
        }
        int axis = -2;
        for (int i = 0; i < norm.length && norm.length == direction.length; i++) {
            if (norm[i] != 1) {
                axis = axis == -2 && norm[i] == direction[i] ? i : direction.length;
            }
        }
        return axis == direction.length ? -2 : axis;
    }

    private static float[] scaled(float[] norms, LazyTensor direction, int axis) {
        float[] values = direction.load().floats();
        long[] shape = direction.shape();
        int inner = 1;
        for (int i = axis + 1; i < shape.length && axis >= 0; i++) {
            inner *= Math.toIntExact(shape[i]);
        }
        int each = axis < 0 ? Math.max(1, values.length) : inner;
        double[] squares = new double[norms.length];
        for (int i = 0; i < values.length; i++) {
            squares[i / each % norms.length] += (double) values[i] * values[i];
        }
        for (int i = 0; i < values.length; i++) {
            int row = i / each % norms.length;
            values[i] = (float) (values[i] * (norms[row] / Math.sqrt(squares[row])));
        }
        return values;
    }
}
