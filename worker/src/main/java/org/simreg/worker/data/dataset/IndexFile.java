package org.simreg.worker.data.dataset;

import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.zip.CRC32C;
import java.util.zip.CheckedOutputStream;
import org.simreg.worker.base.io.Sha256;

/**
 * The index of a data set in a file: a checksum, then the folders with their times of change, then
 * the parts. The name comes from the data set's path, so that one cache folder serves many.
 */
public final class IndexFile {
    private static final int MAGIC = 0x53524958;
    /** Of the bytes, and of the rules by which folders are read: an index of older ones is made again. */
    private static final int VERSION = 4;

    private static final int HEAD = 12;
    private static final int PIECE = 1 << 16;

    private final Path file;
    private final String root;

    /**
     * @param cache folder of index files; made when the first is written
     * @param root the data set's folder
     */
    public IndexFile(Path cache, Path root) {
        this.root = root.toAbsolutePath().normalize().toString();
        file = cache.resolve("images-" + Sha256.of(this.root).substring(0, 16) + ".index");
    }

    /**
     * The stored index, if there is one and it is whole; whether it is still true is another
     * question.
     */
    public Optional<SampleIndex> read() {
        return read(file, MAGIC, VERSION, this::parse);
    }

    /** Reads a file whose head has the checksum of the rest; none if it isn't there or isn't whole. */
    static <T> Optional<T> read(Path file, int magic, int version, Function<Bytes, Optional<T>> parse) {
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        try (FileChannel channel = FileChannel.open(file)) {
            Bytes in = new Bytes(channel);
            if (in.getInt() != magic || in.getInt() != version) {
                return Optional.empty();
            }
            boolean whole = in.getInt() == in.sum();
            channel.position(HEAD);
            return whole ? parse.apply(new Bytes(channel)) : Optional.empty();
        } catch (IOException | UncheckedIOException | BufferUnderflowException e) {
            return Optional.empty();
        }
    }

    /** The bytes of an index file, a piece at a time: a copy of the whole would be as large as the index. */
    static final class Bytes {
        private final FileChannel channel;
        private final ByteBuffer piece = ByteBuffer.allocate(PIECE).flip();

        private Bytes(FileChannel channel) {
            this.channel = channel;
        }

        /** Of all that follow; none does afterwards. */
        private int sum() throws IOException {
            CRC32C sum = new CRC32C();
            do {
                sum.update(piece);
            } while (fill() > 0);
            return (int) sum.getValue();
        }

        private int fill() throws IOException {
            piece.compact();
            int count = channel.read(piece);
            piece.flip();
            return count;
        }

        private ByteBuffer filled(int bytes) {
            try {
                while (piece.remaining() < bytes) {
                    if (fill() < 0) {
                        throw new BufferUnderflowException();
                    }
                }
                return piece;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        byte getByte() {
            return filled(1).get();
        }

        int getInt() {
            return filled(Integer.BYTES).getInt();
        }

        long getLong() {
            return filled(Long.BYTES).getLong();
        }

        /** Those that a number before says. */
        byte[] bytes() {
            byte[] all = new byte[getInt()];
            for (int at = 0; at < all.length; ) {
                int some = Math.min(all.length - at, filled(1).remaining());
                piece.get(all, at, some);
                at += some;
            }
            return all;
        }

        String text() {
            return new String(bytes(), StandardCharsets.UTF_8);
        }

        List<String> texts() {
            List<String> texts = new ArrayList<>();
            for (int i = getInt(); i > 0; i--) {
                texts.add(text());
            }
            return texts;
        }

        int[] ints() {
            int[] values = new int[getInt()];
            Arrays.setAll(values, i -> getInt());
            return values;
        }

        long[] longs() {
            long[] values = new long[getInt()];
            Arrays.setAll(values, i -> getLong());
            return values;
        }
    }

    private Optional<SampleIndex> parse(Bytes in) {
        if (!in.text().equals(root)) {
            return Optional.empty();
        }
        List<SampleIndex.Listed> folders = new ArrayList<>();
        for (int i = in.getInt(); i > 0; i--) {
            String path = in.text();
            Instant changed = Instant.ofEpochSecond(in.getLong(), in.getInt());
            folders.add(new SampleIndex.Listed(path, FileTime.from(changed)));
        }
        List<SampleIndex.FolderPart> parts = new ArrayList<>();
        for (int i = in.getInt(); i > 0; i--) {
            parts.add(part(in));
        }
        return Optional.of(new SampleIndex(folders, parts, in.texts()));
    }

    static SampleIndex.FolderPart part(Bytes in) {
        String folder = in.text();
        SampleIndex.Placement placement = SampleIndex.Placement.values()[in.getByte()];
        return new SampleIndex.FolderPart(folder, placement, in.texts(), in.ints(), in.ints(), in.bytes());
    }

    /**
     * Stores an index in place of the one before, whole or not at all.
     *
     * @throws IOException if the cache folder can't be written to
     */
    public void write(SampleIndex index) throws IOException {
        replace(file, MAGIC, VERSION, out -> {
            write(out, root);
            out.writeInt(index.folders().size());
            for (SampleIndex.Listed folder : index.folders()) {
                write(out, folder.path());
                Instant changed = folder.changed().toInstant();
                out.writeLong(changed.getEpochSecond());
                out.writeInt(changed.getNano());
            }
            out.writeInt(index.parts().size());
            for (SampleIndex.FolderPart part : index.parts()) {
                write(out, part);
            }
            write(out, index.notes());
        });
    }

    static void write(DataOutputStream out, SampleIndex.FolderPart part) throws IOException {
        write(out, part.folder());
        out.writeByte(part.placement().ordinal());
        write(out, part.classes());
        write(out, part.classEnds());
        write(out, part.nameEnds());
        out.writeInt(part.names().length);
        out.write(part.names());
    }

    static void write(DataOutputStream out, List<String> texts) throws IOException {
        out.writeInt(texts.size());
        for (String text : texts) {
            write(out, text);
        }
    }

    static void write(DataOutputStream out, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    static void write(DataOutputStream out, int[] values) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(4 + 4 * values.length);
        bytes.putInt(values.length).asIntBuffer().put(values);
        out.write(bytes.array());
    }

    /** What follows the head of an index file. */
    interface Body {
        void write(DataOutputStream out) throws IOException;
    }

    /** Writes a file with a checksum in its head, in place of the one before. */
    static void replace(Path file, int magic, int version, Body body) throws IOException {
        Files.createDirectories(file.getParent());
        Path fresh = Files.createTempFile(file.getParent(), "images-", ".part");
        CRC32C sum = new CRC32C();
        try (FileChannel channel = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
            channel.position(HEAD);
            DataOutputStream out = new DataOutputStream(
                    new BufferedOutputStream(new CheckedOutputStream(Channels.newOutputStream(channel), sum), PIECE));
            body.write(out);
            out.flush();
            ByteBuffer head = ByteBuffer.allocate(HEAD);
            head.putInt(magic).putInt(version).putInt((int) sum.getValue());
            channel.write(head.flip(), 0);
        }
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
