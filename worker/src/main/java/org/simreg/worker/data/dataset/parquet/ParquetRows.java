package org.simreg.worker.data.dataset.parquet;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.parquet.format.FileMetaData;
import org.apache.parquet.format.RowGroup;
import org.apache.parquet.format.Type;
import org.apache.parquet.format.Util;
import org.simreg.proto.Printable;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.FileNames;
import org.simreg.worker.data.dataset.SampleExtents;
import org.simreg.worker.data.dataset.located.IntColumn;
import org.simreg.worker.data.dataset.located.LongColumn;
import org.simreg.worker.data.dataset.located.TextColumn;
import org.simreg.worker.data.dataset.located.TextNumbers;
import org.simreg.worker.data.store.FileStore;
import org.simreg.worker.data.store.StoredFile;

/** The images of one Parquet file in columns: each unpacked once, so that its length and place are known. */
final class ParquetRows {
    private static final int TAIL = 8;

    /** Ten thousand row groups of a hundred columns have a tenth of it. */
    private static final int LONGEST_FOOTER = 1 << 28;

    private static final int MAGIC = 0x31524150;

    private static final int NONE = -1;

    private final String field;
    private final StoredFile file;
    private final TextColumn paths = new TextColumn();
    private final IntColumn label = new IntColumn();
    private final TextNumbers labels = new TextNumbers();
    private final LongColumn row = new LongColumn();
    private final LongColumn offset = new LongColumn();
    private final IntColumn length = new IntColumn();
    private boolean named = true;
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

    /** How many images. */
    int size() {
        return row.size();
    }

    /** Whether each image has a path. */
    boolean isNamed() {
        return named;
    }

    /** The path of an image; empty if it has none. */
    String path(int image) {
        return paths.get(image);
    }

    /** The class of an image; null for none. */
    String label(int image) {
        return label.get(image) == NONE ? null : labels.text(label.get(image));
    }

    /** The row of an image in the file, from 0. */
    long row(int image) {
        return row.get(image);
    }

    /** The place of an image, as in {@link SampleExtents}. */
    long offset(int image) {
        return offset.get(image);
    }

    /** The bytes of an image. */
    int length(int image) {
        return length.get(image);
    }

    /** Rows without an image. */
    long nulls() {
        return nulls;
    }

    private void read(PageReader pages) throws IOException {
        FileMetaData meta = footer(pages.file(), file.size());
        ParquetSchema schema = ParquetSchema.of(meta, field, file.path());
        long before = 0;
        for (RowGroup group : meta.getRow_groups()) {
            TextColumn names = new TextColumn();
            IntColumn classes = new IntColumn();
            texts(pages, group, schema.path(), List.of(), name -> names.add(name == null ? "" : name));
            texts(
                    pages,
                    group,
                    schema.label(),
                    schema.classes(),
                    name -> classes.add(name == null ? NONE : labels.of(name)));
            long first = before;
            int[] at = {0};
            chunk(pages, group, schema.bytes()).read((value, place) -> {
                int i = at[0]++;
                if (value == null || !value.hasRemaining()) {
                    nulls++;
                } else {
                    String path = schema.path().isEmpty() ? "" : names.get(i);
                    named &= !path.isEmpty();
                    paths.add(path);
                    label.add(schema.label().isEmpty() ? NONE : classes.get(i));
                    row.add(first + i);
                    offset.add(place);
                    length.add(value.remaining());
                }
            });
            before += group.getNum_rows();
            if (size() + nulls > pages.mostValues()) {
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

    /** The values of a small column as texts, null for none; a number is the name in its place. */
    private static void texts(
            PageReader pages,
            RowGroup group,
            Optional<ParquetSchema.Column> column,
            List<String> names,
            Consumer<String> taker)
            throws IOException {
        if (column.isPresent()) {
            Type type = column.get().type();
            chunk(pages, group, column.get())
                    .read((value, place) -> taker.accept(value == null ? null : text(value, type, names)));
        }
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
