package org.simreg.worker.engine.torchscript;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.simreg.worker.base.io.Sha256;

/**
 * Everything that a step changes, each a flat vector laid out by {@link StudentNetwork}.
 *
 * @param weights parameters of backbone and heads
 * @param momentum of SGD, as long as the weights
 * @param statistics running means and variances of BatchNorm
 * @param average weights of the momentum teacher, a prefix of the parameters; empty without one
 */
public record StudentState(float[] weights, float[] momentum, float[] statistics, float[] average) {
    /** Where only the shape matters. */
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
            chunk.clear();
            chunk.asFloatBuffer().put(vector, from, count);
            sha.bytes(chunk.limit(count * Float.BYTES));
        }
    }
}
