package org.simreg.worker.engine.torchscript;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.simreg.worker.base.io.Sha256;

/**
 * The state of a training: all that a step changes, as flat vectors laid out by {@link
 * StudentNetwork}.
 *
 * @param weights parameters of backbone and heads
 * @param momentum of SGD, as long as the weights
 * @param statistics running means and variances of BatchNorm
 * @param average weights of the momentum teacher, a prefix of the parameters; empty without one
 */
public record StudentState(float[] weights, float[] momentum, float[] statistics, float[] average) {
    /** A state of zeros, where only the sizes matter. */
    public static StudentState zeros(StudentNetwork trained) {
        int parameters = trained.parameters().length();
        return new StudentState(
                new float[parameters],
                new float[parameters],
                new float[trained.statistics().length()],
                new float[trained.averaged()]);
    }

    /**
     * SHA-256 over the little-endian values of the four vectors, hexadecimal: equal digests
     * continue to equal bits.
     */
    public String sha256() {
        Sha256 sha = new Sha256();
        for (float[] vector : List.of(weights, momentum, statistics, average)) {
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
