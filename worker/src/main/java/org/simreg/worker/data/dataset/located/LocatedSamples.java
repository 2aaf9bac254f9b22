package org.simreg.worker.data.dataset.located;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.simreg.proto.DataSource;
import org.simreg.proto.UserError;
import org.simreg.proto.Version;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.FileNames;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.dataset.SampleBytes;
import org.simreg.worker.data.dataset.SampleExtents;
import org.simreg.worker.data.dataset.SampleSource;
import org.simreg.worker.data.dataset.folder.FileBytes;
import org.simreg.worker.data.image.FileBuffer;
import org.simreg.worker.data.store.FileStore;
import org.simreg.worker.data.store.StoredFile;
import org.simreg.worker.data.store.ValueStore;

/** The sample source of images that are stretches of files, or files of their own. */
record LocatedSamples(ImageList images, SampleExtents extents, FileStore store, ValueStore values)
        implements SampleSource.Stored {
    @Override
    public int lookahead() {
        return 0;
    }

    @Override
    public void ahead(int[] ids, BooleanSupplier wanted) {
        // Decode threads read as fast as the disk does.
    }

    private StoredFile file(int id) {
        return extents.files().get(extents.file()[images.place(id)]);
    }

    private boolean isObject(int id) {
        return extents.isObject(images.place(id));
    }

    private boolean isWhole(int id) {
        return !isObject(id) && extents.offset()[images.place(id)] == SampleExtents.WHOLE;
    }

    private String path(int id) {
        return file(id).path() + images.name(id);
    }

    private Path whole(int id) {
        String path = path(id);
        return path.startsWith("/")
                ? FileNames.resolve(Path.of("/"), path.substring(1))
                : FileNames.resolve(Path.of(""), path);
    }

    @Override
    public Optional<String> location(int id) {
        return Optional.of(isWhole(id) || isObject(id) ? path(id) : file(id).path() + ": " + images.path(id));
    }

    @Override
    public long bytes(int id) {
        int known = extents.length()[images.place(id)];
        if (known >= 0) {
            return known;
        }
        try {
            return Files.size(whole(id));
        } catch (IOException e) {
            return -1;
        }
    }

    @Override
    public void read(int id, FileBuffer into, BooleanSupplier wanted) throws IOException {
        if (isWhole(id)) {
            into.read(whole(id));
            return;
        }
        try (SampleBytes bytes = open(id, wanted)) {
            ByteBuffer room = into.room(bytes.version().getLength());
            bytes.read(room);
            room.flip();
        }
    }

    @Override
    public SampleBytes open(int id) throws IOException {
        return open(id, () -> true);
    }

    /** Opens a sample for a caller that may give up. */
    SampleBytes open(int id, BooleanSupplier wanted) throws IOException {
        if (isWhole(id)) {
            return FileBytes.of(whole(id));
        }
        int place = images.place(id);
        long offset = extents.offset()[place];
        int length = extents.length()[place];
        if (isObject(id)) {
            return new Stretch(new StoredFile(path(id), length, offset), 0, length, wanted);
        }
        return SampleExtents.isValue(offset)
                ? new Value(file(id), SampleExtents.place(offset), wanted)
                : new Stretch(file(id), offset, length, wanted);
    }

    /** The version of a sample as it was listed; none of a local file of its own. */
    Optional<Version> listed(int id) {
        int place = images.place(id);
        int length = extents.length()[place];
        if (isWhole(id) || length < 0) {
            return Optional.empty();
        }
        StoredFile file = isObject(id) ? new StoredFile(path(id), length, extents.offset()[place]) : file(id);
        return Optional.of(version(file, length));
    }

    /** Whether any sample lies in a bucket. */
    boolean isFar() {
        return extents.files().stream().anyMatch(file -> DataSource.isObjects(file.path()));
    }

    private static UserError lost(StoredFile file, IOException e) {
        return new UserError("%s, which holds samples, can't be read: %s".formatted(file.path(), Disk.reason(e)), e);
    }

    private static Version version(StoredFile file, int length) {
        return Version.newBuilder()
                .setLength(length)
                .setModifiedNs(file.changed())
                .build();
    }

    /** The bytes of a sample that is a value in a file: unpacked whole. */
    private final class Value implements SampleBytes {
        private final StoredFile file;
        private final ByteBuffer bytes;
        private final Version version;

        Value(StoredFile file, long place, BooleanSupplier wanted) {
            this.file = file;
            try {
                bytes = ByteBuffer.wrap(values.value(file, place, wanted));
            } catch (IOException e) {
                throw lost(file, e);
            }
            version = LocatedSamples.version(file, bytes.remaining());
        }

        @Override
        public Version version() {
            return version;
        }

        @Override
        public void read(ByteBuffer into) {
            int count = Math.min(into.remaining(), bytes.remaining());
            into.put(bytes.slice(bytes.position(), count));
            bytes.position(bytes.position() + count);
        }

        @Override
        public Version now() throws IOException {
            store.open(file).close();
            return version;
        }

        @Override
        public void close() {
            // Nothing is open.
        }
    }

    /** The bytes of a sample in a file with others: that file's loss is no broken image. */
    private final class Stretch implements SampleBytes {
        private final StoredFile file;
        private final FileStore.Reader reader;
        private final long end;
        private final Version version;
        private long at;

        Stretch(StoredFile file, long offset, int length, BooleanSupplier wanted) {
            this.file = file;
            at = offset;
            end = offset + length;
            version = LocatedSamples.version(file, length);
            try {
                reader = store.open(file, wanted);
            } catch (IOException e) {
                throw lost(file, e);
            }
        }

        @Override
        public Version version() {
            return version;
        }

        @Override
        public void read(ByteBuffer into) {
            int limit = into.limit();
            int most = (int) Math.min(into.remaining(), end - at);
            try {
                into.limit(into.position() + most);
                reader.read(at, into);
            } catch (IOException e) {
                throw lost(file, e);
            }
            at += most;
            if (into.hasRemaining()) {
                throw new UserError("%s is shorter than when it was listed; put it back, and start the job again"
                        .formatted(file.path()));
            }
            into.limit(limit);
        }

        @Override
        public Version now() throws IOException {
            store.open(file).close();
            return version;
        }

        @Override
        public void close() throws IOException {
            reader.close();
        }
    }
}
