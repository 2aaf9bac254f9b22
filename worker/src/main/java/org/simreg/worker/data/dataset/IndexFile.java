package org.simreg.worker.data.dataset;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.zip.CRC32C;
import org.simreg.worker.base.io.Sha256;

/**
 * The index of a data set in a file: a checksum, then the folders with their times of change, then
 * the parts. The name comes from the data set's path, so that one cache folder serves many.
 */
public final class IndexFile {
    private static final int MAGIC = 0x53524958;
    private static final int VERSION = 2;
    private static final int HEAD = 12;

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
    static <T> Optional<T> read(Path file, int magic, int version, Function<ByteBuffer, Optional<T>> parse) {
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        try {
            ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file));
            if (in.remaining() < HEAD || in.getInt() != magic || in.getInt() != version) {
                return Optional.empty();
            }
            int expected = in.getInt();
            CRC32C sum = new CRC32C();
            sum.update(in.duplicate());
            return (int) sum.getValue() == expected ? parse.apply(in) : Optional.empty();
        } catch (IOException | BufferUnderflowException e) {
            return Optional.empty();
        }
    }

    private Optional<SampleIndex> parse(ByteBuffer in) {
        if (!text(in).equals(root)) {
            return Optional.empty();
        }
        List<SampleIndex.Listed> folders = new ArrayList<>();
        for (int i = in.getInt(); i > 0; i--) {
            String path = text(in);
            Instant changed = Instant.ofEpochSecond(in.getLong(), in.getInt());
            folders.add(new SampleIndex.Listed(path, FileTime.from(changed)));
        }
        List<SampleIndex.FolderPart> parts = new ArrayList<>();
        for (int i = in.getInt(); i > 0; i--) {
            parts.add(part(in));
        }
        return Optional.of(new SampleIndex(folders, parts, texts(in)));
    }

    static SampleIndex.FolderPart part(ByteBuffer in) {
        String folder = text(in);
        SampleIndex.Placement placement = SampleIndex.Placement.values()[in.get()];
        List<String> classes = texts(in);
        int[] classEnds = ints(in);
        int[] nameEnds = ints(in);
        byte[] names = new byte[in.getInt()];
        in.get(names);
        return new SampleIndex.FolderPart(folder, placement, classes, classEnds, nameEnds, names);
    }

    static List<String> texts(ByteBuffer in) {
        List<String> texts = new ArrayList<>();
        for (int i = in.getInt(); i > 0; i--) {
            texts.add(text(in));
        }
        return texts;
    }

    static String text(ByteBuffer in) {
        byte[] bytes = new byte[in.getInt()];
        in.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    static int[] ints(ByteBuffer in) {
        int[] values = new int[in.getInt()];
        in.asIntBuffer().get(values);
        in.position(in.position() + 4 * values.length);
        return values;
    }

    /**
     * Stores an index in place of the one before, whole or not at all.
     *
     * @throws IOException if the cache folder can't be written to
     */
    public void write(SampleIndex index) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(body)) {
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
        }
        replace(body.toByteArray());
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

    private void replace(byte[] body) throws IOException {
        replace(file, MAGIC, VERSION, body);
    }

    /** Writes a file with a checksum in its head, in place of the one before. */
    static void replace(Path file, int magic, int version, byte[] body) throws IOException {
        CRC32C sum = new CRC32C();
        sum.update(body, 0, body.length);
        Files.createDirectories(file.getParent());
        Path fresh = Files.createTempFile(file.getParent(), "images-", ".part");
        try (DataOutputStream out = new DataOutputStream(Files.newOutputStream(fresh))) {
            out.writeInt(magic);
            out.writeInt(version);
            out.writeInt((int) sum.getValue());
            out.write(body);
        }
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
