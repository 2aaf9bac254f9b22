package org.simreg.worker.features.bankfile;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.WatchedPool;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.weights.checkpoint.WeightsFile;
import org.simreg.worker.weights.tensor.DType;
import org.simreg.worker.weights.tensor.HostTensor;
import org.simreg.worker.weights.tensor.StateDict;

/**
 * A file of features that another tool computed: the rows of a two-dimensional {@code .npy}
 * (float32, float16 or float64, C order) or of the one two-dimensional tensor of floats in a
 * safetensors file, read in parts.
 */
public final class FeatureTable implements AutoCloseable {
    private static final int PART = 4096;
    private static final int PART_BYTES = 8 << 20;

    private final Path file;
    private final Matrix matrix;

    /** A source of consecutive rows. */
    interface Matrix extends AutoCloseable {
        int rows();

        int dimension();

        /** The next {@code count} rows. */
        float[] next(int count) throws IOException;

        @Override
        void close() throws IOException;
    }

    private FeatureTable(Path file, Matrix matrix) {
        this.file = file;
        this.matrix = matrix;
    }

    /**
     * Opens a file by its content.
     *
     * @throws UserError if it can't be read or holds no such matrix; the message names it
     */
    public static FeatureTable open(Path file) {
        try {
            Matrix matrix = NpyFile.isNpy(file) ? NpyFile.open(file) : safetensors(file);
            if (matrix.dimension() > BankLayout.MAX_DIMENSION) {
                matrix.close();
                throw new IOException("its rows have %d features, and a bank's have %d at most"
                        .formatted(matrix.dimension(), BankLayout.MAX_DIMENSION));
            }
            return new FeatureTable(file, matrix);
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    /** N. */
    public int rows() {
        return matrix.rows();
    }

    /** D. */
    public int dimension() {
        return matrix.dimension();
    }

    /** Rows that are best read at once: few, if they are long. */
    public int rowsAtOnce() {
        return Math.max(1, Math.min(PART, PART_BYTES / (Double.BYTES * dimension())));
    }

    /**
     * Writes a bank of all rows, with ids from {@code firstId} up.
     *
     * @param labels (N) classes
     * @return rows written
     * @throws UserError if a row has no direction, or a file can't be read or written
     */
    public int writeBank(Path bank, BankOrigin origin, long firstId, int[] labels) {
        if (labels.length != rows()) {
            throw new UserError("Can't make a feature bank of %s: it has %d rows, but there are %d labels"
                    .formatted(file, rows(), labels.length));
        }
        return BankWriter.write(bank, dimension(), origin, into -> {
            int part = rowsAtOnce();
            for (int from = 0; from < labels.length; from += part) {
                int count = Math.min(part, labels.length - from);
                long first = firstId + from;
                into.add(
                        LongStream.range(first, first + count).toArray(),
                        Arrays.copyOfRange(labels, from, from + count),
                        next(count));
            }
        });
    }

    /**
     * The next rows, (count, D).
     *
     * @throws UserError if the file ends before
     */
    public float[] next(int count) {
        WatchedPool.progress();
        try {
            return matrix.next(count);
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    @Override
    public void close() {
        try {
            matrix.close();
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    private static UserError unreadable(Path file, IOException e) {
        String reason = e instanceof NoSuchFileException ? "no such file" : Disk.reason(e);
        return new UserError("Can't read features from %s: %s".formatted(file, reason), e);
    }

    private static Matrix safetensors(Path file) throws IOException {
        StateDict tensors = WeightsFile.read(file);
        List<String> names = tensors.names().stream()
                .filter(name -> tensors.shape(name).length == 2)
                .filter(name -> tensors.dtype(name).isFloat())
                .toList();
        if (names.size() != 1) {
            throw new IOException("it has %d two-dimensional tensors of floats %s; give a file with one"
                    .formatted(names.size(), names.stream().limit(5).toList()));
        }
        return new Stored(tensors.get(names.get(0)));
    }

    /** A matrix that is a tensor of a mapped file. */
    private static final class Stored implements Matrix {
        private final HostTensor tensor;
        private int at;

        Stored(HostTensor tensor) throws IOException {
            this.tensor = tensor;
            long[] shape = tensor.shape();
            if (Math.min(shape[0], shape[1]) < 1 || Math.max(shape[0], shape[1]) > Integer.MAX_VALUE) {
                throw new IOException("its tensor %s has no rows, or too many for a bank".formatted(tensor));
            }
        }

        @Override
        public int rows() {
            return (int) tensor.shape()[0];
        }

        @Override
        public int dimension() {
            return (int) tensor.shape()[1];
        }

        @Override
        public float[] next(int count) {
            DType type = tensor.dtype();
            int bytes = dimension() * type.bytes();
            float[] values = new HostTensor(
                            type, new long[] {count, dimension()}, tensor.data().slice(at * bytes, count * bytes))
                    .floats();
            at += count;
            return values;
        }

        @Override
        public void close() {}
    }
}
