package org.simreg.coordinator.search;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.simreg.proto.Found;

/** Rows of features, and what a float64 brute force finds in them. */
final class Features {
    final int dimension;
    final float[][] rows;

    private Features(int dimension, float[][] rows) {
        this.dimension = dimension;
        this.rows = rows;
    }

    /** Random rows of any length; every seventh is a copy of another, and every fifth almost. */
    static Features random(long seed, int count, int dimension) {
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

    Path npy(Path file) throws IOException {
        String head =
                "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }"
                        .formatted(rows.length, dimension);
        int padding = 64 - (10 + head.length() + 1) % 64;
        byte[] text = (head + " ".repeat(padding) + "\n").getBytes(StandardCharsets.ISO_8859_1);
        ByteBuffer bytes =
                ByteBuffer.allocate(10 + text.length + rows.length * dimension * Float.BYTES)
                        .order(ByteOrder.LITTLE_ENDIAN);
        bytes.put((byte) 0x93).put("NUMPY".getBytes(StandardCharsets.ISO_8859_1));
        bytes.put((byte) 1).put((byte) 0).putShort((short) text.length).put(text);
        bytes.put(vectors(0, rows.length).asReadOnlyByteBuffer());
        return Files.write(file, bytes.array());
    }

    /** Rows as a query's bytes. */
    ByteString vectors(int from, int count) {
        ByteBuffer bytes =
                ByteBuffer.allocate(count * dimension * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
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

    Features unit() {
        float[][] units = new float[rows.length][];
        for (int row = 0; row < rows.length; row++) {
            units[row] = unit(rows[row]);
        }
        return new Features(dimension, units);
    }

    /** Cosines of a query to all rows, both of which are of unit length. */
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
    List<Long> nearest(float[] query, int k) {
        double[] cosines = cosines(unit(query));
        return IntStream.range(0, rows.length)
                .boxed()
                .sorted(
                        Comparator.comparingDouble((Integer row) -> -cosines[row])
                                .thenComparingInt(row -> row))
                .limit(k)
                .map(Integer::longValue)
                .toList();
    }

    static List<Long> ids(Found found) {
        return found.getHitsList().stream().map(Found.Hit::getId).toList();
    }
}
