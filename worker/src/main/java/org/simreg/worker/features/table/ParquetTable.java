package org.simreg.worker.features.table;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.apache.parquet.format.ColumnChunk;
import org.apache.parquet.format.ColumnMetaData;
import org.apache.parquet.format.CompressionCodec;
import org.apache.parquet.format.ConvertedType;
import org.apache.parquet.format.DataPageHeader;
import org.apache.parquet.format.Encoding;
import org.apache.parquet.format.FieldRepetitionType;
import org.apache.parquet.format.FileMetaData;
import org.apache.parquet.format.PageHeader;
import org.apache.parquet.format.PageType;
import org.apache.parquet.format.RowGroup;
import org.apache.parquet.format.SchemaElement;
import org.apache.parquet.format.Type;
import org.apache.parquet.format.Util;
import org.simreg.worker.base.io.AtomicFile;

/**
 * The writer of a Parquet file of features: three columns of texts and one of lists of floats, plain and uncompressed, a
 * page a column in a row group.
 *
 * @see <a href="https://parquet.apache.org/docs/file-format/">the format</a>
 */
final class ParquetTable {
    private static final byte[] MAGIC = "PAR1".getBytes(StandardCharsets.US_ASCII);
    private static final String FEATURE = "feature";

    /** Numbers of a row group: 32 MiB. */
    private static final int VALUES = 1 << 23;

    private final FileChannel channel;
    private final TableRows rows;
    private final List<RowGroup> groups = new ArrayList<>();
    private long at;

    private ParquetTable(FileChannel channel, TableRows rows) {
        this.channel = channel;
        this.rows = rows;
    }

    static void write(FileChannel channel, TableRows rows) throws IOException {
        ParquetTable table = new ParquetTable(channel, rows);
        table.put(MAGIC);
        int most = Math.max(1, VALUES / Math.max(1, rows.dimension()));
        for (int from = 0; from < rows.size(); from += most) {
            table.group(from, Math.min(most, rows.size() - from));
        }
        table.foot();
    }

    private void put(byte[] bytes) throws IOException {
        AtomicFile.put(channel, ByteBuffer.wrap(bytes));
        at += bytes.length;
    }

    private void group(int from, int count) throws IOException {
        List<ColumnChunk> columns = new ArrayList<>();
        columns.add(texts("name", from, count, rows::name));
        columns.add(texts("class", from, count, rows::className));
        columns.add(texts("split", from, count, rows::split));
        columns.add(features(from, count));
        long bytes = columns.stream()
                .mapToLong(column -> column.getMeta_data().getTotal_uncompressed_size())
                .sum();
        groups.add(new RowGroup(columns, bytes, count));
    }

    private ColumnChunk texts(String name, int from, int count, IntFunction<String> text) throws IOException {
        ByteArrayOutputStream page = new ByteArrayOutputStream();
        for (int row = from; row < from + count; row++) {
            byte[] bytes = text.apply(row).getBytes(StandardCharsets.UTF_8);
            page.writeBytes(little(Integer.BYTES).putInt(bytes.length).array());
            page.writeBytes(bytes);
        }
        return chunk(List.of(name), Type.BYTE_ARRAY, count, page.toByteArray());
    }

    /** A list's first number begins a row (level 0), the others repeat (level 1); every number is there (level 1). */
    private ColumnChunk features(int from, int count) throws IOException {
        int width = rows.dimension();
        ByteArrayOutputStream repeats = new ByteArrayOutputStream();
        for (int row = 0; row < count; row++) {
            run(repeats, 1, 0);
            run(repeats, width - 1, 1);
        }
        ByteArrayOutputStream defined = new ByteArrayOutputStream();
        run(defined, count * width, 1);
        int levels = 2 * Integer.BYTES + repeats.size() + defined.size();
        ByteBuffer page = little(levels + count * width * Float.BYTES);
        page.putInt(repeats.size()).put(repeats.toByteArray());
        page.putInt(defined.size()).put(defined.toByteArray());
        float[] values = new float[width];
        for (int row = from; row < from + count; row++) {
            rows.copy(row, values);
            for (float value : values) {
                page.putFloat(value);
            }
        }
        return chunk(List.of(FEATURE, "list", "element"), Type.FLOAT, count * width, page.array());
    }

    /** A run of equal levels of one bit: its length, doubled, in groups of seven bits; the level in a byte. */
    private static void run(ByteArrayOutputStream out, int length, int level) {
        if (length == 0) {
            return;
        }
        int head = length << 1;
        while (head > 0x7f) {
            out.write(head & 0x7f | 0x80);
            head >>>= 7;
        }
        out.write(head);
        out.write(level);
    }

    private static ByteBuffer little(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private ColumnChunk chunk(List<String> path, Type type, int values, byte[] page) throws IOException {
        PageHeader header = new PageHeader(PageType.DATA_PAGE, page.length, page.length);
        header.setData_page_header(new DataPageHeader(values, Encoding.PLAIN, Encoding.RLE, Encoding.RLE));
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        Util.writePageHeader(header, head);
        long begin = at;
        put(head.toByteArray());
        put(page);
        long bytes = at - begin;
        ColumnMetaData meta = new ColumnMetaData(
                type,
                List.of(Encoding.PLAIN, Encoding.RLE),
                path,
                CompressionCodec.UNCOMPRESSED,
                values,
                bytes,
                bytes,
                begin);
        ColumnChunk chunk = new ColumnChunk(begin);
        chunk.setMeta_data(meta);
        return chunk;
    }

    private void foot() throws IOException {
        FileMetaData meta = new FileMetaData(1, schema(), rows.size(), groups);
        meta.setCreated_by("simreg");
        ByteArrayOutputStream foot = new ByteArrayOutputStream();
        Util.writeFileMetaData(meta, foot);
        put(foot.toByteArray());
        put(little(Integer.BYTES).putInt(foot.size()).array());
        put(MAGIC);
    }

    private static List<SchemaElement> schema() {
        SchemaElement root = new SchemaElement("schema");
        root.setNum_children(4);
        SchemaElement list = group(FEATURE, FieldRepetitionType.REQUIRED);
        list.setConverted_type(ConvertedType.LIST);
        SchemaElement element = new SchemaElement("element");
        element.setType(Type.FLOAT);
        element.setRepetition_type(FieldRepetitionType.REQUIRED);
        return List.of(
                root,
                text("name"),
                text("class"),
                text("split"),
                list,
                group("list", FieldRepetitionType.REPEATED),
                element);
    }

    private static SchemaElement group(String name, FieldRepetitionType repetition) {
        SchemaElement group = new SchemaElement(name);
        group.setRepetition_type(repetition);
        group.setNum_children(1);
        return group;
    }

    private static SchemaElement text(String name) {
        SchemaElement text = new SchemaElement(name);
        text.setType(Type.BYTE_ARRAY);
        text.setRepetition_type(FieldRepetitionType.REQUIRED);
        text.setConverted_type(ConvertedType.UTF8);
        return text;
    }
}
