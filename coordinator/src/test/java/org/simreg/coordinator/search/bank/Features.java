package org.simreg.coordinator.search.bank;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.simreg.proto.Found;

/** Rows of features, with their exact neighbours by a float64 brute force. */
public final class Features {
    final int dimension;
    public final float[][] rows;

    private Features(int dimension, float[][] rows) {
        this.dimension = dimension;
        this.rows = rows;
    }

    /** Random rows of any length; every seventh is a copy of another, and every fifth almost. */
    public static Features random(long seed, int count, int dimension) {
        SplittableRandom random = new SplittableRandom(seed);
        float[][] rows = new float[count][dimension];
        for (int row = 0; row < count; row++) {
            for (int d = 0; d < dimension; d++) {
                rows[row][d] = (float) random.nextGaussian();
            }
            if (row > 10 && row % 7 == 0) {
                rows[row] = rows[random.nextInt(row)].clone();
            } else if (row > 10 && row % 5 == 0) {
                rows[row] = rows[random.nextInt(row)].clone();
                rows[row][random.nextInt(dimension)] *= 1.0001f;
            }
        }
        return new Features(dimension, rows);
    }

    public Path npy(Path file) throws IOException {
        String head = "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }".formatted(rows.length, dimension);
        int padding = 64 - (10 + head.length() + 1) % 64;
        byte[] text = (head + " ".repeat(padding) + "\n").getBytes(StandardCharsets.ISO_8859_1);
        ByteBuffer bytes = ByteBuffer.allocate(10 + text.length + rows.length * dimension * Float.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN);
        bytes.put((byte) 0x93).put("NUMPY".getBytes(StandardCharsets.ISO_8859_1));
        bytes.put((byte) 1).put((byte) 0).putShort((short) text.length).put(text);
        bytes.put(vectors(0, rows.length).asReadOnlyByteBuffer());
        return Files.write(file, bytes.array());
    }

    /** Rows as a query's bytes. */
    public ByteString vectors(int from, int count) {
        ByteBuffer bytes = ByteBuffer.allocate(count * dimension * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int row = from; row < from + count; row++) {
            for (float value : rows[row]) {
                bytes.putFloat(value);
            }
        }
        return ByteString.copyFrom(bytes.flip());
    }

    private static float[] unit(float[] row) {
        double squares = 0;
        for (float value : row) {
            squares += (double) value * value;
        }
        double length = Math.sqrt(squares);
        float[] unit = new float[row.length];
        for (int d = 0; d < row.length; d++) {
            unit[d] = (float) (row[d] / length);
        }
        return unit;
    }

    public Features unit() {
        float[][] units = new float[rows.length][];
        for (int row = 0; row < rows.length; row++) {
            units[row] = unit(rows[row]);
        }
        return new Features(dimension, units);
    }

    /** Cosines of a query to all rows; both must have unit length. */
    double[] cosines(float[] query) {
        double[] cosines = new double[rows.length];
        for (int row = 0; row < rows.length; row++) {
            double sum = 0;
            for (int d = 0; d < dimension; d++) {
                sum += (double) query[d] * rows[row][d];
            }
            cosines[row] = sum;
        }
        return cosines;
    }

    /** The ids that are nearest to a query; these rows are of unit length. */
    public List<Long> nearest(float[] query, int k) {
        double[] cosines = cosines(unit(query));
        int[] best = new int[Math.min(k, cosines.length)];
        int found = 0;
        for (int row = 0; row < cosines.length; row++) {
            if (found == best.length && cosines[row] <= cosines[best[found - 1]]) {
                continue;
            }
            int at = found < best.length ? found++ : found - 1;
            for (; at > 0 && cosines[row] > cosines[best[at - 1]]; at--) {
                best[at] = best[at - 1];
            }
            best[at] = row;
        }
        return Arrays.stream(best).mapToObj(row -> (long) row).toList();
    }

    public static List<Long> ids(Found found) {
        return found.getHitsList().stream().map(Found.Hit::getId).toList();
    }
}
