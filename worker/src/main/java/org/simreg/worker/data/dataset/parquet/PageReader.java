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
 */
record PageReader(FileStore.Reader file, long size) {
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
     * @param end where the next page begins
     */
    record Page(PageHeader header, ByteBuffer levels, ByteBuffer data, long end) {}

    /** The page whose header is at a place. */
    Page page(long at, CompressionCodec codec) throws IOException {
        int bytes = HEADER;
        while (true) {
            byte[] head = bytes(at, (int) Math.min(bytes, size - at));
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
        byte[] bytes = bytes(at, packed);
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
        byte[] values = unpacked(bytes, levels, unpacked - levels, used);
        return new Page(
                header,
                ByteBuffer.wrap(bytes, 0, levels).slice().order(ByteOrder.LITTLE_ENDIAN),
                ByteBuffer.wrap(values).order(ByteOrder.LITTLE_ENDIAN),
                at + packed);
    }

    private byte[] bytes(long at, int count) throws IOException {
        ByteBuffer into = ByteBuffer.allocate(count);
        file.read(at, into);
        if (into.hasRemaining()) {
            throw new EOFException("it ends at byte %d, in the middle of a page".formatted(at + into.position()));
        }
        return into.array();
    }

    private static byte[] unpacked(byte[] from, int start, int size, CompressionCodec codec) throws IOException {
        byte[] into = new byte[size];
        int length = from.length - start;
        try {
            int got;
            switch (codec) {
                case UNCOMPRESSED -> {
                    got = Math.min(length, size);
                    System.arraycopy(from, start, into, 0, got);
                }
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
