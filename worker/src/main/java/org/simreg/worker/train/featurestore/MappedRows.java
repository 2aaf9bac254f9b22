package org.simreg.worker.train.featurestore;

import java.io.IOException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Field;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;

/**
 * The rows of a store as read-only memory mappings: whole rows in segments of at most a GiB,
 * because a buffer holds less than two.
 */
final class MappedRows implements AutoCloseable {
    private static final int SEGMENT = 1 << 30;

    private final int rowBytes;
    private final int rowsPerSegment;
    private final MappedByteBuffer[] segments;

    /**
     * @param channel may be closed afterwards
     */
    MappedRows(FileChannel channel, StoreHeader.Shape shape) throws IOException {
        rowBytes = shape.rowBytes();
        rowsPerSegment = Math.max(1, SEGMENT / rowBytes);
        int count = Math.toIntExact((shape.rows() + rowsPerSegment - 1) / rowsPerSegment);
        segments = new MappedByteBuffer[count];
        for (int i = 0; i < count; i++) {
            long first = (long) i * rowsPerSegment;
            long rows = Math.min(rowsPerSegment, shape.rows() - first);
            segments[i] =
                    channel.map(
                            MapMode.READ_ONLY,
                            StoreHeader.BYTES + first * rowBytes,
                            rows * rowBytes);
        }
    }

    /** Copies a row. */
    void get(long row, byte[] into) {
        segment(row).get(at(row), into, 0, rowBytes);
    }

    /** Whether a row begins with anything but zeros; touches one page of it. */
    boolean begins(long row) {
        return segment(row).getInt(at(row)) != 0;
    }

    private MappedByteBuffer segment(long row) {
        return segments[(int) (row / rowsPerSegment)];
    }

    private int at(long row) {
        return (int) (row % rowsPerSegment) * rowBytes;
    }

    /** Unmaps the rows; they must not be read afterwards. */
    @Override
    public void close() {
        for (MappedByteBuffer segment : segments) {
            unmap(segment);
        }
    }

    /** Java 17 has no public call for it; without this one the collector unmaps in its own time. */
    private static void unmap(MappedByteBuffer segment) {
        try {
            Class<?> type = Class.forName("sun.misc.Unsafe");
            Field instance = type.getDeclaredField("theUnsafe");
            instance.setAccessible(true);
            MethodHandle cleaner =
                    MethodHandles.lookup()
                            .findVirtual(
                                    type,
                                    "invokeCleaner",
                                    MethodType.methodType(void.class, ByteBuffer.class));
            cleaner.invoke(instance.get(null), (ByteBuffer) segment);
        } catch (ReflectiveOperationException e) {
            org.slf4j.LoggerFactory.getLogger(MappedRows.class)
                    .debug("A mapping is left to the collector: {}", e.toString());
        } catch (Throwable e) {
            throw new IllegalStateException("a mapping could not be undone", e);
        }
    }
}
