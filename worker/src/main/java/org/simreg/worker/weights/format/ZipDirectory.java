package org.simreg.worker.weights.format;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.AtomicFile;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.weights.tensor.CorruptFile;
import org.simreg.worker.weights.tensor.MappedFile;

/**
 * The directory of a zip archive: where its entries lie, so that they can be mapped, which Java's
 * own reader doesn't tell. Compressed entries are unpacked when they are asked for; zip64 included.
 */
public final class ZipDirectory implements Records {
    /** What every entry, and so the archive, begins with; little-endian. */
    public static final int LOCAL = 0x04034B50;

    private static final int CENTRAL = 0x02014B50;
    private static final int END = 0x06054B50;
    private static final int END_64 = 0x06064B50;
    private static final int LOCATOR_64 = 0x07064B50;
    private static final int DEFLATE = 8;
    private static final int END_SIZE = 22;
    private static final int LOCATOR_SIZE = 20;
    private static final int MAX_COMMENT = 0xFFFF;
    private static final long MAX_32 = 0xFFFFFFFFL;

    private final MappedFile file;
    private final Map<String, Entry> entries = new LinkedHashMap<>();

    /** An entry: its compression (0 for none, 8 for deflate), bytes, and the place of its local header. */
    private record Entry(int method, long crc, long packed, long size, long offset) {}

    public ZipDirectory(MappedFile file) throws CorruptFile {
        this.file = file;
        long end = end();
        ByteBuffer record = file.slice(end, END_SIZE);
        long size = unsigned(record.getInt(12));
        long start = unsigned(record.getInt(16));
        if (start == MAX_32 || size == MAX_32 || record.getShort(10) == -1) {
            ByteBuffer record64 = end64(end);
            size = record64.getLong(40);
            start = record64.getLong(48);
        }
        ByteBuffer directory = file.slice(start, size);
        while (directory.hasRemaining()) {
            add(directory);
        }
    }

    @Override
    public Iterable<String> names() {
        return entries.keySet();
    }

    @Override
    public boolean contains(String name) {
        return entries.containsKey(name);
    }

    /** The file of weights that somebody zipped alone, such as a .pth in a .zip; empty if the archive is no such one. */
    public static Optional<MappedFile> only(MappedFile file) throws CorruptFile {
        ZipDirectory zip = new ZipDirectory(file);
        List<String> names = zip.entries.keySet().stream()
                .filter(name -> !name.endsWith("/") && !name.startsWith("__MACOSX/"))
                .limit(2)
                .toList();
        boolean alone = names.size() == 1 && names.get(0).matches("(?i).*\\.(pth|pt|tar|ckpt|bin|safetensors|torch)");
        return alone ? Optional.of(MappedFile.of(file.path(), zip.data(names.get(0)))) : Optional.empty();
    }

    private Entry entry(String name) throws CorruptFile {
        Entry entry = entries.get(name);
        if (entry == null) {
            throw new CorruptFile("its record " + name + " is missing");
        }
        return entry;
    }

    @Override
    public long size(String name) throws CorruptFile {
        return entry(name).size;
    }

    @Override
    public ByteBuffer data(String name) throws CorruptFile {
        Entry entry = entry(name);
        long start = start(name, entry);
        return entry.method == 0
                ? file.slice(start, entry.size)
                : Inflating.of(name, file.slice(start, entry.packed), entry.size, entry.crc);
    }

    @Override
    public Supplier<ByteBuffer> lazily(String name) throws CorruptFile {
        Entry entry = entry(name);
        if (entry.method == 0) {
            return file.lazily(start(name, entry), entry.size);
        }
        AtomicReference<ByteBuffer> kept = new AtomicReference<>();
        return () -> kept.updateAndGet(old -> old == null ? unpacked(name) : old);
    }

    private ByteBuffer unpacked(String name) {
        try {
            return data(name);
        } catch (CorruptFile e) {
            throw new UserError("Can't read weights from %s: %s".formatted(file.path(), e.getMessage()), e);
        }
    }

    /** Where the bytes of an entry begin. */
    private long start(String name, Entry entry) throws CorruptFile {
        if (entry.method != 0 && entry.method != DEFLATE) {
            throw new CorruptFile(
                    "its record %s is compressed by method %d, which is neither none nor deflate; save it again with torch.save"
                            .formatted(name, entry.method));
        }
        ByteBuffer local = file.slice(entry.offset, 30);
        if (local.getInt(0) != LOCAL) {
            throw new CorruptFile("its record " + name + " doesn't begin where it should");
        }
        int skipped = 30 + (local.getShort(26) & 0xFFFF) + (local.getShort(28) & 0xFFFF);
        return entry.offset + skipped;
    }

    private long end() throws CorruptFile {
        long last = file.size() - END_SIZE;
        long first = Math.max(0, last - MAX_COMMENT);
        ByteBuffer tail = last < 0 ? ByteBuffer.allocate(0) : file.slice(first, file.size() - first);
        for (int at = (int) (last - first); at >= 0; at--) {
            if (tail.getInt(at) == END) {
                return first + at;
            }
        }
        throw new CorruptFile("the list of entries at the end of the archive is missing; copy it again");
    }

    private ByteBuffer end64(long end) throws CorruptFile {
        ByteBuffer locator = file.slice(end - LOCATOR_SIZE, LOCATOR_SIZE);
        if (locator.getInt(0) == LOCATOR_64) {
            ByteBuffer record = file.slice(locator.getLong(8), 56);
            if (record.getInt(0) == END_64) {
                return record;
            }
        }
        throw new CorruptFile("the zip64 list of entries is missing; copy it again");
    }

    private void add(ByteBuffer directory) throws CorruptFile {
        if (directory.remaining() < 46 || directory.getInt(directory.position()) != CENTRAL) {
            throw new CorruptFile("the list of entries of the archive is damaged");
        }
        ByteBuffer header = directory.slice().order(directory.order());
        int name = header.getShort(28) & 0xFFFF;
        int extra = header.getShort(30) & 0xFFFF;
        int length = 46 + name + extra + (header.getShort(32) & 0xFFFF);
        if (length > header.remaining()) {
            throw new CorruptFile("the list of entries of the archive is damaged");
        }
        byte[] text = new byte[name];
        header.get(46, text);
        Entry entry = new Entry(
                header.getShort(10),
                unsigned(header.getInt(16)),
                unsigned(header.getInt(20)),
                unsigned(header.getInt(24)),
                unsigned(header.getInt(42)));
        ByteBuffer extras = header.slice(46 + name, extra).order(header.order());
        entries.put(new String(text, StandardCharsets.UTF_8), large(entry, extras));
        directory.position(directory.position() + length);
    }

    /** Takes the 64-bit numbers in place of those that don't fit: size, packed size, offset. */
    private static Entry large(Entry entry, ByteBuffer extras) throws CorruptFile {
        boolean packed = entry.packed == MAX_32;
        if (entry.size != MAX_32 && entry.offset != MAX_32 && !packed) {
            return entry;
        }
        while (extras.remaining() >= 4) {
            int id = extras.getShort();
            int length = extras.getShort() & 0xFFFF;
            int need = (entry.size == MAX_32 ? 8 : 0) + (packed ? 8 : 0) + (entry.offset == MAX_32 ? 8 : 0);
            if (id == 1 && length >= need && extras.remaining() >= need) {
                long size = entry.size == MAX_32 ? extras.getLong() : entry.size;
                long inFile = packed ? extras.getLong() : entry.packed;
                long offset = entry.offset == MAX_32 ? extras.getLong() : entry.offset;
                return new Entry(entry.method, entry.crc, inFile, size, offset);
            }
            extras.position(Math.min(extras.limit(), extras.position() + length));
        }
        throw new CorruptFile("a large entry of the archive has no zip64 sizes");
    }

    private static long unsigned(int value) {
        return value & MAX_32;
    }

    /** The unpacking of a compressed record: a small one into memory, another into a file that is mapped and deleted. */
    private static final class Inflating {
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

        private static ByteBuffer inMemory(ByteBuffer packed, int size, long crc)
                throws IOException, DataFormatException {
            ByteBuffer all = ByteBuffer.allocate(size);
            inflate(packed, size, crc, all::put);
            return all.flip();
        }

        private static ByteBuffer mapped(ByteBuffer packed, long size, long crc)
                throws IOException, DataFormatException {
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
}
