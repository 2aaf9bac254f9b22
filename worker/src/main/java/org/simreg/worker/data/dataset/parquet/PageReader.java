package org.simreg.worker.data.dataset.parquet;

import io.airlift.compress.MalformedInputException;
import io.airlift.compress.snappy.SnappyDecompressor;
import io.airlift.compress.zstd.ZstdDecompressor;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.GZIPInputStream;
import org.apache.parquet.format.CompressionCodec;
import org.apache.parquet.format.DataPageHeaderV2;
import org.apache.parquet.format.PageHeader;
import org.apache.parquet.format.Util;
import org.simreg.worker.data.store.FileStore;

/**
 * The reader of a Parquet file's pages.
 *
 * @param file to read from
 * @param size of the file
 * @param memory for pages
 */
record PageReader(FileStore.Reader file, long size, Memory memory) {
    /** A page header is some 30 bytes, unless it has statistics. */
    private static final int HEADER = 1 << 10;

    private static final int LONGEST_HEADER = 1 << 22;

    /** Writers end a page after about 1 MiB, but a value is always whole. */
    private static final int LONGEST_PAGE = 1 << 30;

    /**
     * A page, unpacked.
     *
     * @param header its header
     * @param levels of a page of the second version: definition levels; else none, as they stand before the values
     * @param data values, little-endian
     * @param stored where the array behind the values begins in the file; -1 if they are packed there
     * @param end where the next page begins
     */
    record Page(PageHeader header, ByteBuffer levels, ByteBuffer data, long stored, long end) {}

    /** Where pages are unpacked: in new arrays, or again and again in the same two, until the next page. */
    static final class Memory {
        private final boolean again;
        private byte[] packed = new byte[0];
        private byte[] unpacked = new byte[0];

        /**
         * @param again whether a page may be overwritten by the next
         */
        Memory(boolean again) {
            this.again = again;
        }

        private byte[] packed(int size) {
            packed = again && packed.length >= size ? packed : new byte[size];
            return packed;
        }

        private byte[] unpacked(int size) {
            unpacked = again && unpacked.length >= size ? unpacked : new byte[size];
            return unpacked;
        }
    }

    /** Values that a column may have: a picture takes 67 bytes at least, but some may be one value of a dictionary. */
    long mostValues() {
        return (1 << 20) + size / 8;
    }

    /** The page whose header is at a place. */
    Page page(long at, CompressionCodec codec) throws IOException {
        int bytes = HEADER;
        while (true) {
            byte[] head = new byte[(int) Math.min(bytes, size - at)];
            fill(at, head, head.length);
            ByteArrayInputStream in = new ByteArrayInputStream(head);
            PageHeader header;
            try {
                header = Util.readPageHeader(in);
            } catch (IOException e) {
                if (bytes >= LONGEST_HEADER || bytes >= size - at) {
                    throw new IOException("its page at byte %d is damaged".formatted(at), e);
                }
                bytes *= 4;
                continue;
            } catch (RuntimeException e) {
                throw new IOException("its page at byte %d is damaged (%s)".formatted(at, e.getMessage()), e);
            }
            return page(header, at + head.length - in.available(), codec);
        }
    }

    private Page page(PageHeader header, long at, CompressionCodec codec) throws IOException {
        int packed = header.getCompressed_page_size();
        int unpacked = header.getUncompressed_page_size();
        if (packed < 0 || unpacked < 0 || packed > size - at || unpacked > LONGEST_PAGE) {
            throw new IOException("its page at byte %d says a length of %d, beyond the file".formatted(at, packed));
        }
        byte[] bytes = memory.packed(packed);
        fill(at, bytes, packed);
        int levels = 0;
        CompressionCodec used = codec;
        if (header.isSetData_page_header_v2()) {
            DataPageHeaderV2 second = header.getData_page_header_v2();
            levels = second.getRepetition_levels_byte_length() + second.getDefinition_levels_byte_length();
            used = second.isSetIs_compressed() && !second.isIs_compressed() ? CompressionCodec.UNCOMPRESSED : codec;
            if (levels < 0 || levels > packed || levels > unpacked) {
                throw new IOException("its page at byte %d has damaged levels".formatted(at));
            }
        }
        boolean plain = used == CompressionCodec.UNCOMPRESSED;
        if (plain && packed != unpacked) {
            throw new IOException("its page at byte %d has two lengths, %d and %d".formatted(at, packed, unpacked));
        }
        ByteBuffer values = plain
                ? ByteBuffer.wrap(bytes, levels, packed - levels).slice()
                : ByteBuffer.wrap(unpacked(bytes, levels, packed, unpacked - levels, used), 0, unpacked - levels);
        return new Page(
                header,
                ByteBuffer.wrap(bytes, 0, levels).slice().order(ByteOrder.LITTLE_ENDIAN),
                values.order(ByteOrder.LITTLE_ENDIAN),
                plain ? at : -1,
                at + packed);
    }

    private void fill(long at, byte[] bytes, int count) throws IOException {
        ByteBuffer into = ByteBuffer.wrap(bytes, 0, count);
        file.read(at, into);
        if (into.hasRemaining()) {
            throw new EOFException("it ends at byte %d, in the middle of a page".formatted(at + into.position()));
        }
    }

    private byte[] unpacked(byte[] from, int start, int end, int size, CompressionCodec codec) throws IOException {
        byte[] into = memory.unpacked(size);
        int length = end - start;
        try {
            int got;
            switch (codec) {
                case SNAPPY -> got = new SnappyDecompressor().decompress(from, start, length, into, 0, size);
                case ZSTD -> got = new ZstdDecompressor().decompress(from, start, length, into, 0, size);
                case GZIP -> {
                    try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(from, start, length))) {
                        got = in.readNBytes(into, 0, size);
                    }
                }
                default ->
                    throw new IOException(
                            "its codec %s isn't read; write it with snappy, zstd or none".formatted(codec));
            }
            if (got != size) {
                throw new IOException("a page has %d bytes, not the %d that its header says".formatted(got, size));
            }
            return into;
        } catch (MalformedInputException e) {
            throw new IOException("a page's %s data is damaged".formatted(codec), e);
        }
    }
}
