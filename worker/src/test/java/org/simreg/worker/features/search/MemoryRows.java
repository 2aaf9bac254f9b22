package org.simreg.worker.features.search;

import java.util.Comparator;
import java.util.Random;
import java.util.stream.IntStream;
import org.simreg.worker.features.bankfile.RowSource;

/** Rows in an array with every third number as id; made by rule and seed. */
public record MemoryRows(int dimension, float[] features) implements RowSource {
    public static MemoryRows unit(int dimension, float[] features) {
        return new MemoryRows(dimension, RowSource.unit(features, dimension));
    }

    static MemoryRows gaussian(int size, int dimension, Random random) {
        float[] features = new float[size * dimension];
        for (int i = 0; i < features.length; i++) {
            features[i] = (float) random.nextGaussian();
        }
        return unit(dimension, features);
    }

    /** Rows around some of the given rows, which they differ from by the given part. */
    static MemoryRows around(MemoryRows centers, int size, double part, Random random) {
        int dimension = centers.dimension;
        float[] features = new float[size * dimension];
        double deviation = part / Math.sqrt(dimension);
        for (int row = 0; row < size; row++) {
            int center = random.nextInt(centers.size());
            for (int d = 0; d < dimension; d++) {
                features[row * dimension + d] =
                        (float) (centers.features[center * dimension + d] + deviation * random.nextGaussian());
            }
        }
        return unit(dimension, features);
    }

    @Override
    public int size() {
        return features.length / dimension;
    }

    @Override
    public long id(int row) {
        return 3L * row + 1;
    }

    @Override
    public int label(int row) {
        return row % 7;
    }

    @Override
    public void copy(int row, float[] into, int at) {
        System.arraycopy(features, row * dimension, into, at, dimension);
    }

    double cosine(float[] queries, int query, int row) {
        double sum = 0;
        for (int d = 0; d < dimension; d++) {
            sum += (double) queries[query * dimension + d] * features[row * dimension + d];
        }
        return sum;
    }

    /** Ids of the k best rows by float64 products, summed in the order of the features. */
    long[] bruteForce(float[] queries, int query, int k) {
        double[] cosines = IntStream.range(0, size())
                .mapToDouble(row -> cosine(queries, query, row))
                .toArray();
        return IntStream.range(0, size())
                .boxed()
                .sorted(Comparator.comparingDouble((Integer row) -> -cosines[row] + 0.0)
                        .thenComparing(row -> row))
                .limit(k)
                .mapToLong(this::id)
                .toArray();
    }
}
