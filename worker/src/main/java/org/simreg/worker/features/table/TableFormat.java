package org.simreg.worker.features.table;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.simreg.worker.base.io.AtomicFile;

/** The format of a table's files. */
public enum TableFormat {
    /**
     * {@code features.npy}, an array (N, D) float32 that NumPy can map into memory, and {@code rows.csv} with the row,
     * name, class and split of each.
     */
    NPY,

    /** {@code features.parquet}: columns name, class, split (texts) and feature (a list of D floats). */
    PARQUET,

    /** {@code features.csv}: columns name, class, split and f0, f1, .. with the shortest decimals that give the float32. */
    CSV;

    private static final int BUFFER = 1 << 20;
    private static final int NPY_ALIGNMENT = 64;

    /** The names of its files, that with the features first. */
    public List<String> files() {
        return this == NPY ? List.of("features.npy", "rows.csv") : List.of("features." + lower());
    }

    private String lower() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * Writes its files, each whole or not at all.
     *
     * @param folder made if absent
     * @return the files
     * @throws org.simreg.proto.UserError if one can't be written
     */
    public List<Path> write(Path folder, TableRows rows) {
        List<Path> files = files().stream().map(folder::resolve).toList();
        AtomicFile.write(files.get(0), channel -> {
            switch (this) {
                case NPY -> npy(channel, rows);
                case PARQUET -> ParquetTable.write(channel, rows);
                case CSV -> csv(channel, rows, true);
                default -> throw new IllegalStateException("no table " + this);
            }
        });
        if (this == NPY) {
            AtomicFile.write(files.get(1), channel -> csv(channel, rows, false));
        }
        return files;
    }

    /**
     * @see <a href="https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html">the format, version 1.0</a>
     */
    private static void npy(FileChannel channel, TableRows rows) throws IOException {
        String text = "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }"
                .formatted(rows.size(), rows.dimension());
        int fixed = 10;
        int head = (fixed + text.length() + NPY_ALIGNMENT) / NPY_ALIGNMENT * NPY_ALIGNMENT;
        ByteBuffer start = ByteBuffer.allocate(head).order(ByteOrder.LITTLE_ENDIAN);
        start.put((byte) 0x93)
                .put("NUMPY".getBytes(StandardCharsets.US_ASCII))
                .put((byte) 1)
                .put((byte) 0);
        start.putShort((short) (head - fixed)).put(text.getBytes(StandardCharsets.US_ASCII));
        while (start.remaining() > 1) {
            start.put((byte) ' ');
        }
        AtomicFile.put(channel, start.put((byte) '\n').flip());
        float[] values = new float[rows.dimension()];
        ByteBuffer row = ByteBuffer.allocate(Float.BYTES * values.length).order(ByteOrder.LITTLE_ENDIAN);
        int together = Math.max(1, BUFFER / Math.max(1, row.capacity()));
        ByteBuffer some = ByteBuffer.allocate(together * row.capacity()).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < rows.size(); i++) {
            rows.copy(i, values);
            row.clear().asFloatBuffer().put(values);
            some.put(row);
            if (!some.hasRemaining() || i + 1 == rows.size()) {
                AtomicFile.put(channel, some.flip());
                some.clear();
            }
        }
    }

    private static void csv(FileChannel channel, TableRows rows, boolean features) throws IOException {
        StringBuilder lines = new StringBuilder(features ? "name,class,split" : "row,name,class,split");
        for (int d = 0; features && d < rows.dimension(); d++) {
            lines.append(",f").append(d);
        }
        lines.append('\n');
        float[] values = new float[rows.dimension()];
        for (int i = 0; i < rows.size(); i++) {
            if (!features) {
                lines.append(i).append(',');
            }
            lines.append(field(rows.name(i))).append(',').append(field(rows.className(i)));
            lines.append(',').append(rows.split(i));
            if (features) {
                rows.copy(i, values);
                for (float value : values) {
                    lines.append(',').append(value);
                }
            }
            lines.append('\n');
            if (lines.length() >= BUFFER) {
                flush(channel, lines);
            }
        }
        flush(channel, lines);
    }

    private static void flush(FileChannel channel, StringBuilder lines) throws IOException {
        AtomicFile.put(channel, ByteBuffer.wrap(lines.toString().getBytes(StandardCharsets.UTF_8)));
        lines.setLength(0);
    }

    /**
     * @see <a href="https://www.rfc-editor.org/rfc/rfc4180">RFC 4180</a>
     */
    private static String field(String text) {
        return text.matches("[^,\"\\r\\n]*") ? text : '"' + text.replace("\"", "\"\"") + '"';
    }
}
