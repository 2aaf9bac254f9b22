package org.simreg.worker.features.bankfile;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.simreg.proto.Printable;
import org.simreg.worker.base.io.UserFile;
import org.simreg.worker.weights.tensor.DType;
import org.simreg.worker.weights.tensor.HostTensor;

/**
 * A matrix in a file of NumPy's format of one array.
 *
 * @see <a href="https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html">the
 *     format</a>
 */
final class NpyFile implements FeatureTable.Matrix {
    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
    private static final int MAX_HEAD = 1 << 16;
    private static final Map<String, DType> TYPES =
            Map.of("<f4", DType.FLOAT32, "<f2", DType.FLOAT16, "<f8", DType.FLOAT64);
    private static final int SHOWN = 200;
    private static final Pattern OBJECTS = Pattern.compile("'descr':[^}]*'[|<>=]?O\\d*'");
    private static final Pattern TYPE = Pattern.compile("'descr':\\s*'([^']*)'");
    private static final Pattern ORDER = Pattern.compile("'fortran_order':\\s*(True|False)");
    private static final Pattern SHAPE =
            Pattern.compile("'shape':\\s*\\(\\s*(\\d{1,9})\\s*,\\s*(\\d{1,9})\\s*,?\\s*\\)");

    private final FileChannel channel;
    private final DType type;
    private final int rows;
    private final int dimension;

    private NpyFile(FileChannel channel, DType type, int rows, int dimension) {
        this.channel = channel;
        this.type = type;
        this.rows = rows;
        this.dimension = dimension;
    }

    static boolean isNpy(Path file) throws IOException {
        try (FileChannel channel = UserFile.open(file)) {
            ByteBuffer start = ByteBuffer.allocate(MAGIC.length);
            channel.read(start, 0);
            return Arrays.equals(start.array(), MAGIC);
        }
    }

    static NpyFile open(Path file) throws IOException {
        FileChannel channel = UserFile.open(file);
        try {
            return open(channel);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private static NpyFile open(FileChannel channel) throws IOException {
        ByteBuffer start = read(channel, MAGIC.length + 2);
        int version = start.get(MAGIC.length);
        ByteBuffer length = read(channel, version == 1 ? 2 : 4);
        int head = version == 1 ? length.getShort(0) & 0xFFFF : length.getInt(0);
        if (version < 1 || version > 3 || head < 0 || head > MAX_HEAD) {
            throw new IOException("its head of %d bytes in version %d is not NumPy's".formatted(head, version));
        }
        String text = StandardCharsets.UTF_8.decode(read(channel, head)).toString();
        Matcher type = TYPE.matcher(text);
        Matcher order = ORDER.matcher(text);
        Matcher shape = SHAPE.matcher(text);
        if (OBJECTS.matcher(text).find()) {
            throw new IOException("it holds Python objects, which would have to be executed to be read; save a"
                    + " two-dimensional array of float32, float16 or float64");
        }
        if (!type.find() || !TYPES.containsKey(type.group(1)) || !order.find() || !shape.find()) {
            throw new IOException("its array is %s; save a two-dimensional one of float32, float16 or float64"
                    .formatted(Printable.text(text.strip()
                            .substring(0, Math.min(SHOWN, text.strip().length())))));
        }
        if (order.group(1).equals("True")) {
            throw new IOException("its array is in Fortran order; save numpy.ascontiguousarray of it");
        }
        DType element = TYPES.get(type.group(1));
        int rows = Integer.parseInt(shape.group(1));
        int dimension = Integer.parseInt(shape.group(2));
        long needed = (long) rows * dimension * element.bytes();
        if (needed == 0) {
            throw new IOException(
                    "it has %d rows of %d numbers, and needs one at least of each".formatted(rows, dimension));
        }
        if (channel.size() - channel.position() != needed) {
            throw new IOException("%d rows of %d numbers take %d bytes, but %d follow its head"
                    .formatted(rows, dimension, needed, channel.size() - channel.position()));
        }
        return new NpyFile(channel, element, rows, dimension);
    }

    private static ByteBuffer read(FileChannel channel, int bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        while (buffer.hasRemaining()) {
            if (channel.read(buffer) < 0) {
                throw new EOFException("it ends too early");
            }
        }
        return buffer.flip();
    }

    @Override
    public int rows() {
        return rows;
    }

    @Override
    public int dimension() {
        return dimension;
    }

    @Override
    public float[] next(int count) throws IOException {
        int bytes = Math.multiplyExact(Math.multiplyExact(count, dimension), type.bytes());
        return new HostTensor(type, new long[] {count, dimension}, read(channel, bytes)).floats();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
