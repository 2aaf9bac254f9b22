package org.simreg.worker.weights.format;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import org.simreg.worker.base.io.AtomicFile;

/**
 * A writer of zip archives like PyTorch's: entries uncompressed, each one's data at a multiple of
 * 64 bytes so that it can be mapped, all with the same date. Equal entries give equal bytes.
 */
public final class StoredZip implements AutoCloseable {
    private static final int ALIGNMENT = 64;
    private static final int LOCAL_HEADER = 30;

    /** 1980-01-01, the first date that a zip can hold. */
    private static final int DATE = 0x21;

    private static final int UTF8_NAMES = 1 << 11;
    private static final long MAX_32 = 0xFFFFFFFFL;

    private final FileChannel out;
    private final ByteArrayOutputStream directory = new ByteArrayOutputStream();
    private int entries;

    /**
     * @param out at position 0; stays open
     */
    public StoredZip(FileChannel out) {
        this.out = out;
    }

    /** Adds a small entry. */
    public void add(String name, byte[] data) throws IOException {
        add(name, ByteBuffer.wrap(data));
    }

    /** Adds an entry that consists of the buffers one after the other; their positions stay. */
    public void add(String name, ByteBuffer... data) throws IOException {
        CRC32 crc = new CRC32();
        long size = 0;
        for (ByteBuffer part : data) {
            crc.update(part.duplicate());
            size += part.remaining();
        }
        Entry entry = new Entry(name.getBytes(StandardCharsets.UTF_8), crc.getValue(), size, out.position());
        AtomicFile.put(out, entry.local());
        for (ByteBuffer part : data) {
            AtomicFile.put(out, part.duplicate());
        }
        directory.writeBytes(entry.central());
        entries++;
    }

    /** Writes the list of entries, which completes the archive. */
    @Override
    public void close() throws IOException {
        long start = out.position();
        AtomicFile.put(out, ByteBuffer.wrap(directory.toByteArray()));
        AtomicFile.put(out, end(entries, start, directory.size()));
    }

    /** An entry that was written, and its two headers. */
    private record Entry(byte[] name, long crc, long size, long offset) {
        private boolean is64() {
            return size >= MAX_32 || offset >= MAX_32;
        }

        ByteBuffer local() {
            int sizes = is64() ? 20 : 0;
            int begin = LOCAL_HEADER + name.length + sizes + 4;
            int padding = (int) Math.floorMod(-(offset + begin), (long) ALIGNMENT);
            ByteBuffer header = little(begin + padding).putInt(0x04034B50);
            common(header).putShort((short) (sizes + 4 + padding)).put(name);
            if (is64()) {
                header.putShort((short) 1).putShort((short) 16).putLong(size).putLong(size);
            }
            header.put((byte) 'F').put((byte) 'B').putShort((short) padding);
            while (header.hasRemaining()) {
                header.put((byte) 'Z');
            }
            return header.flip();
        }

        byte[] central() {
            int extra = is64() ? 28 : 0;
            ByteBuffer header = little(46 + name.length + extra).putInt(0x02014B50);
            common(header.putShort(version())).putShort((short) extra);
            header.putShort((short) 0).putShort((short) 0).putShort((short) 0).putInt(0);
            header.putInt((int) (is64() ? MAX_32 : offset)).put(name);
            if (is64()) {
                header.putShort((short) 1).putShort((short) 24);
                header.putLong(size).putLong(size).putLong(offset);
            }
            return header.array();
        }

        /** From the version to the length of the name: the same in both headers. */
        private ByteBuffer common(ByteBuffer header) {
            int shown = (int) (is64() ? MAX_32 : size);
            header.putShort(version()).putShort((short) UTF8_NAMES).putShort((short) 0);
            header.putShort((short) 0).putShort((short) DATE).putInt((int) crc);
            return header.putInt(shown).putInt(shown).putShort((short) name.length);
        }

        private short version() {
            return (short) (is64() ? 45 : 20);
        }
    }

    private static ByteBuffer end(int entries, long start, long size) {
        boolean is64 = start + size >= MAX_32 || entries >= 0xFFFF;
        ByteBuffer end = little(22 + (is64 ? 76 : 0));
        if (is64) {
            end.putInt(0x06064B50).putLong(44).putShort((short) 45).putShort((short) 45);
            end.putInt(0)
                    .putInt(0)
                    .putLong(entries)
                    .putLong(entries)
                    .putLong(size)
                    .putLong(start);
            end.putInt(0x07064B50).putInt(0).putLong(start + size).putInt(1);
        }
        short count = (short) (is64 ? 0xFFFF : entries);
        end.putInt(0x06054B50).putInt(0).putShort(count).putShort(count);
        end.putInt((int) (is64 ? MAX_32 : size)).putInt((int) (is64 ? MAX_32 : start));
        return end.putShort((short) 0).flip();
    }

    private static ByteBuffer little(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }
}
