package org.simreg.worker.cache;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.zip.CRC32C;
import org.simreg.proto.UserError;

/**
 * What a store begins with, one page: magic, shape, key, and a CRC32C at its end; little-endian.
 */
record StoreHeader(StoreShape shape, StoreKey key) {
    static final int BYTES = 4096;

    /** Its number is raised whenever views or a network's arithmetic get other bits. */
    private static final long MAGIC = 0x31_46_47_45_52_4D_49_53L;

    private static final int SUM_AT = BYTES - Integer.BYTES;
    private static final int TEXT_AT = 32;

    byte[] bytes() {
        byte[] bytes = new byte[BYTES];
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        byte[] text = key.text().getBytes(StandardCharsets.UTF_8);
        if (text.length > SUM_AT - TEXT_AT) {
            throw new IllegalArgumentException("a key of " + text.length + " bytes: " + key);
        }
        buffer.putLong(MAGIC).putInt(shape.width()).putInt(shape.format().ordinal());
        buffer.putInt(shape.samples()).putInt(shape.views()).putInt(text.length);
        buffer.put(TEXT_AT, text);
        buffer.putInt(SUM_AT, sum(bytes));
        return bytes;
    }

    private static int sum(byte[] bytes) {
        CRC32C sum = new CRC32C();
        sum.update(bytes, 0, SUM_AT);
        return (int) sum.getValue();
    }

    /**
     * @param open at its beginning
     * @throws UserError if it is no store, or not all of one
     */
    static StoreHeader read(RandomAccessFile open, Path file) throws IOException {
        byte[] bytes = new byte[BYTES];
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (open.length() < BYTES) {
            throw new UserError(refused(file, "is too short for a store of features"));
        }
        open.readFully(bytes);
        if (buffer.getLong() != MAGIC) {
            throw new UserError(refused(file, "is no store of features of this version"));
        }
        if (buffer.getInt(SUM_AT) != sum(bytes)) {
            throw new UserError(refused(file, "has a damaged header"));
        }
        int width = buffer.getInt();
        RowFormat format = RowFormat.values()[buffer.getInt()];
        StoreShape shape = new StoreShape(width, format, buffer.getInt(), buffer.getInt());
        String text = new String(bytes, TEXT_AT, buffer.getInt(), StandardCharsets.UTF_8);
        if (open.length() < shape.bytes()) {
            throw new UserError(
                    refused(
                            file,
                            "has %,d bytes of its %,d".formatted(open.length(), shape.bytes())));
        }
        return new StoreHeader(shape, StoreKey.of(text));
    }

    private static String refused(Path file, String what) {
        return file
                + " "
                + what
                + "; delete it, and its features are computed again, or choose another folder with"
                + " --cache-store";
    }

    /**
     * @throws UserError if the features of this store are not those that are asked for
     */
    void requireFor(StoreHeader asked, Path file) {
        List<String> differences = new ArrayList<>(key.differences(asked.key));
        add(differences, "features of a row", shape.width(), asked.shape.width());
        add(differences, "precision of the store", shape.format(), asked.shape.format());
        add(differences, "samples", shape.samples(), asked.shape.samples());
        if (shape.views() < asked.shape.views()) {
            add(differences, "views", shape.views(), asked.shape.views());
        }
        if (!differences.isEmpty()) {
            throw new UserError(
                    "The features in %s are of another %s; choose another folder with --cache-store, or delete the file"
                            .formatted(file, String.join(", ", differences)));
        }
    }

    private static void add(List<String> differences, String name, Object here, Object asked) {
        if (!here.equals(asked)) {
            differences.add(
                    "%s (%s there, %s asked for)".formatted(name, words(here), words(asked)));
        }
    }

    private static String words(Object value) {
        return value.toString().toLowerCase(Locale.ROOT);
    }
}
