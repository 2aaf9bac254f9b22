package org.simreg.worker.data.dataset.parquet;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.apache.parquet.format.ColumnMetaData;
import org.apache.parquet.format.CompressionCodec;
import org.apache.parquet.format.Encoding;
import org.apache.parquet.format.PageHeader;
import org.apache.parquet.format.Type;
import org.simreg.worker.data.dataset.SampleExtents;

/**
 * The reader of one column's values in a row group, in the order of rows; columns without lists only.
 *
 * @param pages of the file
 * @param meta of the column in the row group
 * @param levels the highest definition level: at it, a value is there
 */
record ColumnChunkReader(PageReader pages, ColumnMetaData meta, int levels) {
    /** Bits of a place: where a page begins, its codec, whether levels stand before the values, which of these. */
    private static final int OFFSET_BITS = 42;

    private static final int CODEC_BITS = 4;
    private static final int LEVELS_BIT = OFFSET_BITS + CODEC_BITS;
    private static final int MOST_VALUES = (1 << 16) - 1;

    /** What is told of each row. */
    interface Row {
        /**
         * A row's value.
         *
         * @param value its bytes, little-endian, from position to limit; null for none
         * @param offset as in {@link SampleExtents}: in the file, if it lies there as it is, else of a place for {@link
         *     #value}
         */
        void value(ByteBuffer value, long offset) throws IOException;
    }

    /** Reads all rows. */
    void read(Row row) throws IOException {
        long at = meta.isSetDictionary_page_offset() && meta.getDictionary_page_offset() > 0
                ? Math.min(meta.getDictionary_page_offset(), meta.getData_page_offset())
                : meta.getData_page_offset();
        List<ByteBuffer> dictionary = List.of();
        long dictionaryAt = at;
        long dictionaryStored = -1;
        long left = meta.getNum_values();
        if (left > pages.mostValues()) {
            throw new IOException("a column of it claims %d values, more than a file of its size has".formatted(left));
        }
        while (left > 0) {
            PageReader.Page page = pages.page(at, meta.getCodec());
            try {
                if (page.header().isSetDictionary_page_header()) {
                    dictionary = plain(
                            page.data(),
                            page.header().getDictionary_page_header().getNum_values(),
                            meta.getType());
                    dictionaryAt = at;
                    dictionaryStored = page.stored();
                } else if (page.header().isSetData_page_header()
                        || page.header().isSetData_page_header_v2()) {
                    left -= rows(page, at, left, new Dictionary(dictionary, dictionaryAt, dictionaryStored), row);
                }
            } catch (BufferUnderflowException | IndexOutOfBoundsException e) {
                throw new IOException("its page at byte %d is damaged".formatted(at), e);
            }
            at = page.end();
        }
    }

    /**
     * The values that a chunk's pages may count in.
     *
     * @param at where its page begins
     * @param stored as in {@link PageReader.Page}
     */
    private record Dictionary(List<ByteBuffer> values, long at, long stored) {}

    private int rows(PageReader.Page page, long at, long left, Dictionary dictionary, Row row) throws IOException {
        PageHeader header = page.header();
        boolean second = header.isSetData_page_header_v2();
        int count = second
                ? header.getData_page_header_v2().getNum_values()
                : header.getData_page_header().getNum_values();
        if (count < 0 || count > left) {
            throw new IOException("its page at byte %d claims %d values, where %d are left".formatted(at, count, left));
        }
        Encoding encoding = second
                ? header.getData_page_header_v2().getEncoding()
                : header.getData_page_header().getEncoding();
        int[] defined = defined(page, second, count);
        int values = 0;
        for (int level : defined) {
            values += level == levels ? 1 : 0;
        }
        boolean indexed = encoding == Encoding.RLE_DICTIONARY || encoding == Encoding.PLAIN_DICTIONARY;
        if (!indexed && encoding != Encoding.PLAIN) {
            throw new IOException("the column %s is encoded as %s, which isn't read; write it plain"
                    .formatted(String.join(".", meta.getPath_in_schema()), encoding));
        }
        int[] indexes =
                indexed && values > 0 ? BitPacked.read(page.data(), page.data().get(), values) : new int[0];
        List<ByteBuffer> all = indexed ? dictionary.values() : plain(page.data(), values, meta.getType());
        long stored = indexed ? dictionary.stored() : page.stored();
        int next = 0;
        for (int level : defined) {
            if (level < levels) {
                row.value(null, 0);
            } else {
                int index = indexed ? indexes[next] : next;
                next++;
                ByteBuffer value = all.get(index).duplicate().order(page.data().order());
                row.value(
                        value,
                        stored >= 0
                                ? stored + value.arrayOffset()
                                : SampleExtents.ofValue(place(indexed ? dictionary.at() : at, index)));
            }
        }
        return count;
    }

    private int[] defined(PageReader.Page page, boolean second, int count) throws IOException {
        if (levels == 0) {
            return new int[count];
        }
        int width = 32 - Integer.numberOfLeadingZeros(levels);
        if (second) {
            return BitPacked.read(page.levels(), width, count);
        }
        int bytes = page.data().getInt();
        ByteBuffer packed = page.data().slice(page.data().position(), bytes);
        page.data().position(page.data().position() + bytes);
        return BitPacked.read(packed, width, count);
    }

    private static List<ByteBuffer> plain(ByteBuffer data, int count, Type type) throws IOException {
        List<ByteBuffer> values = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int length = switch (type) {
                case BYTE_ARRAY -> data.getInt();
                case INT32 -> 4;
                case INT64 -> 8;
                default -> throw new IOException("a column of type %s isn't read".formatted(type));
            };
            values.add(data.slice(data.position(), length));
            data.position(data.position() + length);
        }
        return values;
    }

    private long place(long page, int value) throws IOException {
        if (page >= 1L << OFFSET_BITS || value >= MOST_VALUES) {
            throw new IOException(
                    "its page at byte %d has more than %d values, or lies beyond 4 TB".formatted(page, MOST_VALUES));
        }
        return page
                | (long) meta.getCodec().getValue() << OFFSET_BITS
                | (levels > 0 ? 1L << LEVELS_BIT : 0)
                | (long) value << LEVELS_BIT + 1;
    }

    /** The value at a place that {@link Row} was told. */
    static byte[] value(PageReader pages, long place) throws IOException {
        long page = place & (1L << OFFSET_BITS) - 1;
        int codec = (int) (place >>> OFFSET_BITS) & (1 << CODEC_BITS) - 1;
        int index = (int) (place >>> LEVELS_BIT + 1);
        PageReader.Page read = pages.page(page, CompressionCodec.findByValue(codec));
        ByteBuffer data = read.data();
        try {
            if (read.header().isSetData_page_header() && (place >>> LEVELS_BIT & 1) == 1) {
                int levels = data.getInt();
                data.position(data.position() + levels);
            }
            for (int i = 0; i < index; i++) {
                int length = data.getInt();
                data.position(data.position() + length);
            }
            int length = data.getInt();
            byte[] value = new byte[length > data.remaining() ? -1 : length];
            data.get(value);
            return value;
        } catch (BufferUnderflowException | IllegalArgumentException | NegativeArraySizeException e) {
            throw new IOException("its page at byte %d is damaged".formatted(page), e);
        }
    }
}
