package org.simreg.worker.weights.format;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.simreg.worker.base.io.AtomicFile;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.weights.tensor.CorruptFile;

/** The unpacking of a compressed record: a small one into memory, another into a file that is mapped and deleted. */
final class Inflating {
    /** What deflate can make of a byte at most; a larger claim is no truth. */
    private static final long MOST = 1040;

    private static final int SMALL = 1 << 16;
    private static final int PIECE = 1 << 16;

    private Inflating() {}

    /**
     * Unpacks a record.
     *
     * @param size that it must have
     * @param crc that it must have
     */
    static ByteBuffer of(String name, ByteBuffer packed, long size, long crc) throws CorruptFile {
        if (size > packed.remaining() * MOST + PIECE || size > Integer.MAX_VALUE) {
            throw new CorruptFile("its record %s says that it has %d bytes, of %d compressed ones"
                    .formatted(name, size, packed.remaining()));
        }
        try {
            ByteBuffer data = size <= SMALL ? inMemory(packed, (int) size, crc) : mapped(packed, size, crc);
            return data.order(ByteOrder.LITTLE_ENDIAN);
        } catch (DataFormatException e) {
            throw new CorruptFile("its record " + name + " is damaged; copy it again");
        } catch (IOException e) {
            throw new CorruptFile("its record " + name + " can't be unpacked: " + Disk.reason(e));
        }
    }

    private static ByteBuffer inMemory(ByteBuffer packed, int size, long crc) throws IOException, DataFormatException {
        ByteBuffer all = ByteBuffer.allocate(size);
        inflate(packed, size, crc, all::put);
        return all.flip();
    }

    private static ByteBuffer mapped(ByteBuffer packed, long size, long crc) throws IOException, DataFormatException {
        Path file = Files.createTempFile("simreg", ".record");
        try (FileChannel out = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            inflate(packed, size, crc, piece -> AtomicFile.put(out, piece));
            return out.map(MapMode.READ_ONLY, 0, size);
        } finally {
            Files.delete(file);
        }
    }

    /** A taker of pieces. */
    private interface Sink {
        void put(ByteBuffer piece) throws IOException;
    }

    private static void inflate(ByteBuffer packed, long size, long crc, Sink sink)
            throws IOException, DataFormatException {
        Inflater inflater = new Inflater(true);
        CRC32 found = new CRC32();
        byte[] piece = new byte[PIECE];
        long done = 0;
        try {
            inflater.setInput(packed.duplicate());
            while (!inflater.finished()) {
                int count = inflater.inflate(piece);
                done += count;
                if (count == 0 && !inflater.finished() || done > size) {
                    throw new DataFormatException();
                }
                found.update(piece, 0, count);
                sink.put(ByteBuffer.wrap(piece, 0, count));
            }
        } finally {
            inflater.end();
        }
        if (done != size || found.getValue() != crc) {
            throw new DataFormatException();
        }
    }
}
