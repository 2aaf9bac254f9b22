package org.simreg.worker.engine.torchscript;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.simreg.worker.base.io.Sha256;

/**
 * The state of a training: all that a step changes, as flat vectors laid out by {@link
 * StudentNetwork}.
 *
 * @param weights parameters of backbone and heads
 * @param moments of the optimizer, each as long as the weights
 * @param statistics running means and variances of BatchNorm
 * @param average weights of the momentum teacher, a prefix of the parameters; empty without one
 * @param ema average of the backbone's parameters and statistics, {@link StudentNetwork#backboneLayout}; empty
 *     without one
 */
public record StudentState(float[] weights, List<float[]> moments, float[] statistics, float[] average, float[] ema) {
    public StudentState {
        moments = List.copyOf(moments);
    }

    /**
     * The layout of a state: which vectors it consists of, and how long they are.
     *
     * @param trained networks that lay the vectors out
     * @param moments names of the optimizer's vectors
     * @param ema whether the backbone is averaged
     */
    public record Layout(StudentNetwork trained, List<String> moments, boolean ema) {
        public Layout {
            moments = List.copyOf(moments);
        }

        /** A state of zeros, where only the sizes matter. */
        public StudentState zeros() {
            return of(lengths().stream().map(length -> new float[length]).toList());
        }

        /**
         * The state whose {@link StudentState#vectors} these are.
         *
         * @throws IllegalArgumentException if there are others, or they have other lengths
         */
        public StudentState of(List<float[]> vectors) {
            List<Integer> lengths = lengths();
            List<Integer> given = vectors.stream().map(vector -> vector.length).toList();
            if (!given.equals(lengths)) {
                throw new IllegalArgumentException("vectors of " + given + " values, not of " + lengths);
            }
            int next = 1 + moments.size();
            return new StudentState(
                    vectors.get(0),
                    vectors.subList(1, next),
                    vectors.get(next),
                    vectors.get(next + 1),
                    vectors.get(next + 2));
        }

        /** The state that a training begins with: weights, statistics and momentum teacher of another one. */
        public StudentState begin(StudentState from) {
            StudentState zeros = zeros();
            float[] average = ema ? averageOf(from) : zeros.ema;
            return new StudentState(from.weights, zeros.moments, from.statistics, from.average, average);
        }

        /** The backbone as it is, where its average begins. */
        private float[] averageOf(StudentState state) {
            int parameters = trained.backboneParameters();
            float[] average = new float[trained.backboneLayout().length()];
            System.arraycopy(state.weights, 0, average, 0, parameters);
            System.arraycopy(state.statistics, 0, average, parameters, average.length - parameters);
            return average;
        }

        /** The lengths of the {@link StudentState#vectors}. */
        public List<Integer> lengths() {
            int parameters = trained.parameters().length();
            return Stream.of(
                            Stream.of(parameters),
                            moments.stream().map(moment -> parameters),
                            Stream.of(
                                    trained.statistics().length(),
                                    trained.averaged(),
                                    ema ? trained.backboneLayout().length() : 0))
                    .flatMap(part -> part)
                    .toList();
        }
    }

    /** All vectors, in the order of the digest. */
    public List<float[]> vectors() {
        List<float[]> vectors = new ArrayList<>(List.of(weights));
        vectors.addAll(moments);
        vectors.addAll(List.of(statistics, average, ema));
        return vectors;
    }

    /**
     * SHA-256 over the little-endian values of all vectors, hexadecimal: equal digests continue to
     * equal bits.
     */
    public String sha256() {
        Sha256 sha = new Sha256();
        for (float[] vector : vectors()) {
            update(sha, vector);
        }
        return sha.hex();
    }

    private static void update(Sha256 sha, float[] vector) {
        ByteBuffer chunk = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN);
        int values = chunk.capacity() / Float.BYTES;
        for (int from = 0; from < vector.length; from += values) {
            int count = Math.min(values, vector.length - from);
            chunk.asFloatBuffer().put(vector, from, count);
            sha.bytes(chunk.array(), 0, count * Float.BYTES);
        }
    }
}
