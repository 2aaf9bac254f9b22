package org.simreg.worker.train.featurestore;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.zip.CRC32C;
import org.simreg.proto.NumericProfile;
import org.simreg.proto.UserError;

/**
 * The header of a store, its first page: magic, shape, key, and a CRC32C at its end; little-endian.
 */
public record StoreHeader(StoreHeader.Shape shape, StoreHeader.Key key) {
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
        Shape shape = new Shape(width, format, buffer.getInt(), buffer.getInt());
        String text = new String(bytes, TEXT_AT, buffer.getInt(), StandardCharsets.UTF_8);
        if (open.length() < shape.bytes()) {
            throw new UserError(refused(file, "has %,d bytes of its %,d".formatted(open.length(), shape.bytes())));
        }
        return new StoreHeader(shape, Key.of(text));
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
            differences.add("%s (%s there, %s asked for)".formatted(name, words(here), words(asked)));
        }
    }

    private static String words(Object value) {
        return value.toString().toLowerCase(Locale.ROOT);
    }

    /**
     * The shape of a store: one row for each view of each sample, views one after the other.
     *
     * @param width features of a row
     * @param format of the features
     * @param samples in the data set
     * @param views of a sample
     */
    public record Shape(int width, RowFormat format, int samples, int views) {
        private static final int CHECK = Integer.BYTES;

        public Shape {
            if (width < 1 || samples < 1 || views < 1) {
                throw new IllegalArgumentException(
                        "a store of %d features, %d samples and %d views".formatted(width, samples, views));
            }
        }

        /** Rows in all. */
        public long rows() {
            return (long) samples * views;
        }

        /** Bytes of the whole file; those of rows that are not there take no space on the disk. */
        public long bytes() {
            return StoreHeader.BYTES + Math.multiplyExact(rows(), rowBytes());
        }

        /** Check and values, in whole words. */
        int rowBytes() {
            return Math.addExact(CHECK, Math.multiplyExact(width, format.bytes()) + 3 & ~3);
        }

        /** The row of a sample in a view. */
        long row(int view, int sample) {
            if (view < 0 || view >= views || sample < 0 || sample >= samples) {
                throw new IndexOutOfBoundsException(
                        "view %d of sample %d among %d of %d".formatted(view, sample, views, samples));
            }
            return (long) view * samples + sample;
        }
    }

    /**
     * The key of a store: all that decides its features besides sample and view. Who has the same
     * key may read them.
     *
     * @param parts by what they are called to people, such as "seed"; in the order in which they
     *     are shown, without tabs and line ends
     */
    public record Key(Map<String, String> parts) {
        /** Name of the part that is compared as a numeric profile. */
        public static final String PROFILE = "numeric profile";

        private static final int LONGEST_SHOWN = 12;

        public Key {
            parts = new LinkedHashMap<>(parts);
        }

        /** The differences of this key from the asked one, in words; empty if they are equal. */
        List<String> differences(Key asked) {
            Map<String, String> all = new LinkedHashMap<>(parts);
            asked.parts.forEach(all::putIfAbsent);
            List<String> differences = new ArrayList<>();
            for (String name : all.keySet()) {
                String here = parts.getOrDefault(name, "none");
                String there = asked.parts.getOrDefault(name, "none");
                boolean same = name.equals(PROFILE) ? NumericProfile.same(here, there) : here.equals(there);
                if (!same) {
                    differences.add("%s (%s there, %s asked for)".formatted(name, shown(here), shown(there)));
                }
            }
            return differences;
        }

        /** Digests by their beginning. */
        static String shown(String value) {
            return value.matches("[0-9a-f]{40,}") ? value.substring(0, LONGEST_SHOWN) : value;
        }

        /** A line for each part. */
        String text() {
            StringBuilder text = new StringBuilder();
            parts.forEach((name, value) ->
                    text.append(name).append('\t').append(value).append('\n'));
            return text.toString();
        }

        static Key of(String text) {
            Map<String, String> parts = new LinkedHashMap<>();
            text.lines()
                    .map(line -> line.split("\t", 2))
                    .filter(pair -> pair.length == 2)
                    .forEach(pair -> parts.put(pair[0], pair[1]));
            return new Key(parts);
        }
    }
}
