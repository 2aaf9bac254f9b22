package org.simreg.worker.engine.torch;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.simreg.worker.network.Weight;
import org.simreg.worker.weights.format.pickle.PickleWriter;

/**
 * The layout of tensors in one flat float32 vector: in the given order, each at a multiple of 16
 * values (64 bytes, a cache line), convolutions in channels-last order (out, height, width, in).
 * The gaps are zero and stay zero.
 */
public final class FlatLayout {
    private static final int ALIGNMENT = 16;

    private final Map<String, Slot> slots = new LinkedHashMap<>();
    private final int length;

    /** A tensor and the position of its first value in the flat vector. */
    public record Slot(Weight weight, int offset) {
        /** Strides in values, in the order of the shape. */
        public long[] strides() {
            long[] shape = weight.shape();
            if (channelsLast()) {
                return new long[] {shape[1] * shape[2] * shape[3], 1, shape[3] * shape[1], shape[1]};
            }
            return PickleWriter.contiguous(shape);
        }

        boolean channelsLast() {
            return weight.kind() == Weight.Kind.CONVOLUTION && weight.shape().length == 4;
        }
    }

    /**
     * @param weights tensors with different names
     */
    public FlatLayout(List<Weight> weights) {
        int end = 0;
        for (Weight weight : weights) {
            if (slots.put(weight.name(), new Slot(weight, end)) != null) {
                throw new IllegalArgumentException("two tensors are named " + weight.name());
            }
            end = Math.addExact(end, (weight.length() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
        }
        length = end;
    }

    /** Values in the flat vector, gaps included. */
    public int length() {
        return length;
    }

    /** The tensors in order. */
    public List<Weight> weights() {
        return slots.values().stream().map(Slot::weight).toList();
    }

    /** The tensors with their positions, in order. */
    public Collection<Slot> slots() {
        return slots.values();
    }

    /** The tensor of that name with its position; null if there is none. */
    public Slot slot(String name) {
        return slots.get(name);
    }

    /** The layout of the tensors that lie before a position. */
    public FlatLayout first(int end) {
        return new FlatLayout(slots.values().stream()
                .filter(slot -> slot.offset < end)
                .map(Slot::weight)
                .toList());
    }

    /**
     * Length of the shortest prefix of the flat vector that holds the first {@code count} tensors.
     */
    public int prefix(int count) {
        return slots.values().stream().skip(count).findFirst().map(Slot::offset).orElse(length);
    }

    /**
     * Copies a tensor into the flat vector.
     *
     * @param values the tensor in row-major order
     */
    public void put(float[] flat, String name, float[] values) {
        copy(slots.get(name), flat, values, true);
    }

    /**
     * A tensor's values in the order in which it lies in a flat vector.
     *
     * @param values in row-major order; the same array where that is the order
     */
    public static float[] inOrder(Weight weight, float[] values) {
        Slot slot = new Slot(weight, 0);
        if (!slot.channelsLast()) {
            return values;
        }
        float[] ordered = new float[values.length];
        copy(slot, ordered, values, true);
        return ordered;
    }

    /** The tensor of this name in row-major order. */
    public float[] get(float[] flat, String name) {
        Slot slot = slots.get(name);
        float[] values = new float[slot.weight.length()];
        copy(slot, flat, values, false);
        return values;
    }

    private static void copy(Slot slot, float[] flat, float[] values, boolean intoFlat) {
        long[] shape = slot.weight.shape();
        int size = slot.weight.length();
        if (values.length != size) {
            throw new IllegalArgumentException(slot.weight + " given " + values.length + " values");
        }
        int channels = slot.channelsLast() ? (int) shape[1] : 1;
        int pixels = slot.channelsLast() ? (int) (shape[2] * shape[3]) : 1;
        if (channels == 1 || pixels == 1) {
            System.arraycopy(
                    intoFlat ? values : flat,
                    intoFlat ? 0 : slot.offset,
                    intoFlat ? flat : values,
                    intoFlat ? slot.offset : 0,
                    size);
            return;
        }
        int i = 0;
        for (int row = slot.offset; row < slot.offset + size; row += channels * pixels) {
            for (int first = row; first < row + channels; first++) {
                for (int at = first; at < first + channels * pixels; at += channels) {
                    if (intoFlat) {
                        flat[at] = values[i++];
                    } else {
                        values[i++] = flat[at];
                    }
                }
            }
        }
    }
}
