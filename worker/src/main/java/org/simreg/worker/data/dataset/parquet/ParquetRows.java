package org.simreg.worker.data.dataset.parquet;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.parquet.format.FileMetaData;
import org.apache.parquet.format.RowGroup;
import org.apache.parquet.format.Type;
import org.apache.parquet.format.Util;
import org.simreg.proto.Printable;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.FileNames;
import org.simreg.worker.data.dataset.SampleExtents;
import org.simreg.worker.data.store.FileStore;
import org.simreg.worker.data.store.StoredFile;

/** The images of one Parquet file: each unpacked once, so that its length and place are known. */
final class ParquetRows {
    private static final int TAIL = 8;

    /** Ten thousand row groups of a hundred columns have a tenth of it. */
    private static final int LONGEST_FOOTER = 1 << 28;

    private static final int MAGIC = 0x31524150;

    /**
     * An image.
     *
     * @param label its class; null for none
     * @param path its name; null for none
     * @param row in the file, from 0
     * @param offset as in {@link SampleExtents}
     */
    record Image(String label, String path, long row, long offset, int length) {}

    private final String field;
    private final StoredFile file;
    private final List<Image> images = new ArrayList<>();
    private long nulls;

    private ParquetRows(StoredFile file, String field) {
        this.file = file;
        this.field = field;
    }

    /**
     * Reads a file.
     *
     * @param field name of the label's column; empty: one of the usual names
     * @throws UserError if it is no Parquet, or has no images
     */
    static ParquetRows of(StoredFile file, String field, FileStore store) {
        ParquetRows rows = new ParquetRows(file, field);
        try (FileStore.Reader reader = store.open(file)) {
            rows.read(new PageReader(reader, file.size(), new PageReader.Memory(false)));
        } catch (IOException e) {
            throw new UserError("%s can't be read as Parquet: %s".formatted(file.path(), e.getMessage()), e);
        } catch (UserError e) {
            throw e;
        } catch (RuntimeException e) {
            // What the library throws at numbers that make no sense, or ours where it has let them pass.
            throw new UserError(
                    "%s can't be read as Parquet: it is damaged (%s)"
                            .formatted(file.path(), Printable.text(e.toString())),
                    e);
        }
        return rows;
    }

    StoredFile file() {
        return file;
    }

    List<Image> images() {
        return images;
    }

    /** Rows without an image. */
    long nulls() {
        return nulls;
    }

    private void read(PageReader pages) throws IOException {
        FileMetaData meta = footer(pages.file(), file.size());
        ParquetSchema schema = ParquetSchema.of(meta, field, file.path());
        long row = 0;
        for (RowGroup group : meta.getRow_groups()) {
            List<String> paths = texts(pages, group, schema.path(), List.of());
            List<String> labels = texts(pages, group, schema.label(), schema.classes());
            long first = row;
            int[] at = {0};
            chunk(pages, group, schema.bytes()).read((value, offset) -> {
                int i = at[0]++;
                if (value == null || !value.hasRemaining()) {
                    nulls++;
                } else {
                    images.add(new Image(
                            labels.isEmpty() ? null : labels.get(i),
                            paths.isEmpty() ? null : paths.get(i),
                            first + i,
                            offset,
                            value.remaining()));
                }
            });
            row += group.getNum_rows();
            if (images.size() + nulls > pages.mostValues()) {
                throw new IOException("it claims more images than a file of its size has");
            }
        }
    }

    private static FileMetaData footer(FileStore.Reader reader, long size) throws IOException {
        ByteBuffer tail = ByteBuffer.allocate(TAIL).order(ByteOrder.LITTLE_ENDIAN);
        reader.read(Math.max(0, size - TAIL), tail);
        if (tail.hasRemaining() || tail.getInt(4) != MAGIC) {
            throw new IOException("it doesn't end as such a file does; it may be cut short");
        }
        int length = tail.getInt(0);
        if (length < 0 || length > size - TAIL) {
            throw new IOException("its footer of %d bytes is longer than the file".formatted(length));
        }
        if (length > LONGEST_FOOTER) {
            throw new IOException(
                    "its footer has %d bytes, more than the %d that are read".formatted(length, LONGEST_FOOTER));
        }
        ByteBuffer footer = ByteBuffer.allocate(length);
        reader.read(size - TAIL - length, footer);
        return Util.readFileMetaData(new ByteArrayInputStream(footer.array()));
    }

    private static ColumnChunkReader chunk(PageReader pages, RowGroup group, ParquetSchema.Column column) {
        return new ColumnChunkReader(
                pages, group.getColumns().get(column.index()).getMeta_data(), column.levels());
    }

    /** A small column as text; a number is the name in its place. */
    private static List<String> texts(
            PageReader pages, RowGroup group, Optional<ParquetSchema.Column> column, List<String> names)
            throws IOException {
        List<String> texts = new ArrayList<>();
        if (column.isPresent()) {
            Type type = column.get().type();
            chunk(pages, group, column.get())
                    .read((value, place) -> texts.add(value == null ? null : text(value, type, names)));
        }
        return texts;
    }

    private static String text(ByteBuffer value, Type type, List<String> names) {
        if (type == Type.BYTE_ARRAY) {
            byte[] bytes = new byte[value.remaining()];
            value.get(bytes);
            return FileNames.text(bytes);
        }
        long number = type == Type.INT32 ? value.getInt() : value.getLong();
        if (names.isEmpty()) {
            return Long.toString(number);
        }
        return number >= 0 && number < names.size() ? names.get((int) number) : null;
    }
}
