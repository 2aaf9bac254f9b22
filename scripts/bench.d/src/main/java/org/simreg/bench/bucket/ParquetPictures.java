package org.simreg.bench.bucket;

import io.airlift.compress.Compressor;
import io.airlift.compress.snappy.SnappyCompressor;
import io.airlift.compress.zstd.ZstdCompressor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.apache.parquet.format.ColumnChunk;
import org.apache.parquet.format.ColumnMetaData;
import org.apache.parquet.format.CompressionCodec;
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

/** A Parquet file of the pictures below a folder, written by the format's specification: a struct of bytes and path. */
public final class ParquetPictures {
    private static final byte[] MAGIC = "PAR1".getBytes(StandardCharsets.US_ASCII);

    /** Of a page, as most writers have it. */
    private static final int PAGE = 1 << 20;

    private final ByteArrayOutputStream file = new ByteArrayOutputStream();

    private final CompressionCodec codec;

    private ParquetPictures(CompressionCodec codec) {
        this.codec = codec;
    }

    /** Writes it without compression. */
    public static Path write(Path folder, Path file) throws IOException {
        return write(folder, file, CompressionCodec.UNCOMPRESSED);
    }

    /**
     * Writes it.
     *
     * @param codec of its pages: none, snappy or zstd
     */
    public static Path write(Path folder, Path file, CompressionCodec codec) throws IOException {
        List<byte[]> bytes = new ArrayList<>();
        List<byte[]> paths = new ArrayList<>();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path one : files.filter(Files::isRegularFile).sorted().toList()) {
                bytes.add(Files.readAllBytes(one));
                paths.add(folder.relativize(one).toString().getBytes(StandardCharsets.UTF_8));
            }
        }
        return Files.write(file, new ParquetPictures(codec).of(bytes, paths));
    }

    private byte[] of(List<byte[]> bytes, List<byte[]> paths) throws IOException {
        file.writeBytes(MAGIC);
        RowGroup group =
                new RowGroup(List.of(column("bytes", bytes), column("path", paths)), file.size(), bytes.size());
        SchemaElement root = new SchemaElement("schema").setNum_children(1);
        SchemaElement image = new SchemaElement("image").setNum_children(2);
        image.setRepetition_type(FieldRepetitionType.REQUIRED);
        List<SchemaElement> schema = List.of(root, image, leaf("bytes"), leaf("path"));
        int footer = file.size();
        Util.writeFileMetaData(new FileMetaData(1, schema, bytes.size(), List.of(group)), file);
        file.writeBytes(little(file.size() - footer));
        file.writeBytes(MAGIC);
        return file.toByteArray();
    }

    private static SchemaElement leaf(String name) {
        return new SchemaElement(name).setType(Type.BYTE_ARRAY).setRepetition_type(FieldRepetitionType.REQUIRED);
    }

    private ColumnChunk column(String name, List<byte[]> values) throws IOException {
        long begin = file.size();
        int next = 0;
        while (next < values.size()) {
            ByteArrayOutputStream data = new ByteArrayOutputStream();
            int first = next;
            while (next < values.size() && data.size() < PAGE) {
                data.writeBytes(little(values.get(next).length));
                data.writeBytes(values.get(next++));
            }
            byte[] packed = packed(data.toByteArray());
            PageHeader header = new PageHeader(PageType.DATA_PAGE, data.size(), packed.length);
            header.setData_page_header(new DataPageHeader(next - first, Encoding.PLAIN, Encoding.RLE, Encoding.RLE));
            Util.writePageHeader(header, file);
            file.writeBytes(packed);
        }
        long size = file.size() - begin;
        ColumnMetaData meta = new ColumnMetaData(
                Type.BYTE_ARRAY,
                List.of(Encoding.PLAIN),
                List.of("image", name),
                codec,
                values.size(),
                size,
                size,
                begin);
        return new ColumnChunk(begin).setMeta_data(meta);
    }

    private byte[] packed(byte[] page) {
        if (codec == CompressionCodec.UNCOMPRESSED) {
            return page;
        }
        Compressor compressor = codec == CompressionCodec.ZSTD ? new ZstdCompressor() : new SnappyCompressor();
        byte[] into = new byte[compressor.maxCompressedLength(page.length)];
        return Arrays.copyOf(into, compressor.compress(page, 0, page.length, into, 0, into.length));
    }

    private static byte[] little(int number) {
        return ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(number)
                .array();
    }
}
