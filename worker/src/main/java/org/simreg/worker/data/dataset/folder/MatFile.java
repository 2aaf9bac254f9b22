package org.simreg.worker.data.dataset.folder;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.InflaterInputStream;
import org.simreg.worker.base.io.UserFile;

/**
 * A reader of arrays of structs in MATLAB's files of level 5, as far as tables of numbers and texts go.
 *
 * @see <a href="https://www.mathworks.com/help/pdf_doc/matlab/matfile_format.pdf">MAT-File Format</a>
 */
final class MatFile {
    private static final int HEADER = 128;
    private static final int MATRIX = 14;
    private static final int COMPRESSED = 15;
    private static final int STRUCT = 2;
    private static final int CHAR = 4;
    private static final long LARGEST = 1L << 28;

    private MatFile() {}

    /** The data of an element. */
    private record Element(int type, ByteBuffer data) {}

    /**
     * The fields of an array of structs by name, each with a value for every element: a Double for a number, a String
     * for a text, else an empty list.
     *
     * @throws IOException if the file can't be read, is none of this kind or has no such variable
     */
    static Map<String, List<Object>> struct(Path file, String variable) throws IOException {
        if (Files.size(file) > LARGEST) {
            throw new IOException("it is too large");
        }
        ByteBuffer all = ByteBuffer.wrap(UserFile.bytes(file, 1 << 28));
        if (all.limit() < HEADER) {
            throw new IOException("it is no MATLAB file of level 5");
        }
        byte mark = all.get(HEADER - 2);
        all.order(mark == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN).position(HEADER);
        try {
            while (all.remaining() >= 8) {
                Element element = next(all);
                ByteBuffer data = element.data;
                if (element.type == COMPRESSED) {
                    data = next(inflated(data)).data;
                }
                Map<String, List<Object>> fields = fields(data, variable);
                if (!fields.isEmpty()) {
                    return fields;
                }
            }
        } catch (BufferUnderflowException | IllegalArgumentException | IndexOutOfBoundsException e) {
            throw new IOException("it is damaged, or no MATLAB file of level 5", e);
        }
        throw new IOException("it has no table " + variable);
    }

    private static ByteBuffer inflated(ByteBuffer data) throws IOException {
        byte[] packed = new byte[data.remaining()];
        data.get(packed);
        try (InflaterInputStream in = new InflaterInputStream(new ByteArrayInputStream(packed))) {
            return ByteBuffer.wrap(in.readNBytes((int) LARGEST)).order(data.order());
        }
    }

    private static Element next(ByteBuffer in) {
        int first = in.getInt();
        if (first >>> 16 != 0) { // four bytes or fewer, in the tag itself
            ByteBuffer small = in.slice().order(in.order()).limit(first >>> 16);
            in.position(in.position() + 4);
            return new Element(first & 0xFFFF, small);
        }
        int length = in.getInt();
        ByteBuffer data = in.slice().order(in.order()).limit(length);
        int padded = first == COMPRESSED ? length : (length + 7) / 8 * 8;
        in.position(Math.min(in.limit(), in.position() + padded));
        return new Element(first, data);
    }

    private static Map<String, List<Object>> fields(ByteBuffer matrix, String variable) {
        Map<String, List<Object>> fields = new LinkedHashMap<>();
        if ((next(matrix).data.getInt() & 0xFF) != STRUCT) {
            return fields;
        }
        int count = 1;
        ByteBuffer dimensions = next(matrix).data;
        while (dimensions.hasRemaining()) {
            count = Math.multiplyExact(count, dimensions.getInt());
        }
        if (!text(next(matrix).data).equals(variable)) {
            return fields;
        }
        int width = next(matrix).data.getInt();
        ByteBuffer names = next(matrix).data;
        while (names.remaining() >= width && width > 0) {
            byte[] name = new byte[width];
            names.get(name);
            fields.put(text(ByteBuffer.wrap(name)), new ArrayList<>());
        }
        for (int i = 0; i < count; i++) {
            fields.values().forEach(values -> values.add(value(next(matrix))));
        }
        return fields;
    }

    private static Object value(Element element) {
        if (element.type != MATRIX || !element.data.hasRemaining()) {
            return List.of();
        }
        ByteBuffer matrix = element.data;
        int kind = next(matrix).data.getInt() & 0xFF;
        next(matrix); // dimensions
        next(matrix); // no name
        if (kind < CHAR || !matrix.hasRemaining()) {
            return List.of();
        }
        Element values = next(matrix);
        if (kind == CHAR) {
            return values.type == 4 || values.type == 17
                    ? StandardCharsets.UTF_16LE.decode(values.data).toString()
                    : text(values.data);
        }
        return values.data.hasRemaining() ? (Object) number(values) : List.of();
    }

    /** The first number: MATLAB stores whole ones in the shortest type. */
    private static Double number(Element values) {
        ByteBuffer data = values.data;
        return switch (values.type) {
            case 1 -> (double) data.get();
            case 2 -> (double) (data.get() & 0xFF);
            case 3 -> (double) data.getShort();
            case 4 -> (double) (data.getShort() & 0xFFFF);
            case 5 -> (double) data.getInt();
            case 6 -> (double) (data.getInt() & 0xFFFFFFFFL);
            case 7 -> (double) data.getFloat();
            case 9 -> data.getDouble();
            default -> Double.NaN;
        };
    }

    private static String text(ByteBuffer bytes) {
        String text = StandardCharsets.ISO_8859_1.decode(bytes).toString();
        int end = text.indexOf(0);
        return end < 0 ? text : text.substring(0, end);
    }
}
