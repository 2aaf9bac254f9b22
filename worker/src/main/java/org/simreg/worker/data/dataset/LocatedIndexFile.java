package org.simreg.worker.data.dataset;

import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.simreg.worker.base.io.Sha256;
import org.simreg.worker.data.store.StoredFile;

/** The index of a source whose images are stretches of files, in a file of its own, as {@link IndexFile}. */
public final class LocatedIndexFile {
    private static final int MAGIC = 0x53524c58;
    private static final int VERSION = 3;

    private final Path file;
    private final String source;

    /**
     * @param cache folder of index files; made when the first is written
     * @param source what tells the source from others, and how it was read
     */
    public LocatedIndexFile(Path cache, String source) {
        this.source = source;
        file = cache.resolve("samples-" + Sha256.of(source).substring(0, 16) + ".index");
    }

    /** The stored index, if there is one, it is whole and was made of these files. */
    public Optional<LocatedIndex> read(List<StoredFile> inputs) {
        return IndexFile.read(file, MAGIC, VERSION, in -> parse(in, inputs));
    }

    private Optional<LocatedIndex> parse(IndexFile.Bytes in, List<StoredFile> inputs) {
        if (!in.text().equals(source) || !files(in).equals(inputs)) {
            return Optional.empty();
        }
        List<LocatedIndex.Part> parts = new ArrayList<>();
        for (int i = in.getInt(); i > 0; i--) {
            SampleIndex.FolderPart names = IndexFile.part(in);
            SampleExtents extents = new SampleExtents(files(in), in.ints(), in.longs(), in.ints());
            parts.add(new LocatedIndex.Part(names, extents));
        }
        return Optional.of(new LocatedIndex(inputs, parts, in.texts()));
    }

    private static List<StoredFile> files(IndexFile.Bytes in) {
        List<StoredFile> files = new ArrayList<>();
        for (int i = in.getInt(); i > 0; i--) {
            files.add(new StoredFile(in.text(), in.getLong(), in.getLong()));
        }
        return files;
    }

    /**
     * Stores an index in place of the one before, whole or not at all.
     *
     * @throws IOException if the cache folder can't be written to
     */
    public void write(LocatedIndex index) throws IOException {
        IndexFile.replace(file, MAGIC, VERSION, out -> {
            IndexFile.write(out, source);
            files(out, index.inputs());
            out.writeInt(index.parts().size());
            for (LocatedIndex.Part part : index.parts()) {
                IndexFile.write(out, part.names());
                files(out, part.extents().files());
                IndexFile.write(out, part.extents().file());
                longs(out, part.extents().offset());
                IndexFile.write(out, part.extents().length());
            }
            IndexFile.write(out, index.notes());
        });
    }

    private static void files(DataOutputStream out, List<StoredFile> files) throws IOException {
        out.writeInt(files.size());
        for (StoredFile one : files) {
            IndexFile.write(out, one.path());
            out.writeLong(one.size());
            out.writeLong(one.changed());
        }
    }

    private static void longs(DataOutputStream out, long[] values) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(4 + 8 * values.length);
        bytes.putInt(values.length).asLongBuffer().put(values);
        out.write(bytes.array());
    }
}
