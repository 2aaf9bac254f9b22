package org.simreg.worker.data.storage;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.simreg.proto.DataSource;
import org.simreg.proto.Roots;
import org.simreg.worker.data.store.FileFolder;
import org.simreg.worker.data.store.FileStore;
import org.simreg.worker.data.store.LocalFolder;
import org.simreg.worker.data.store.LocalStore;
import org.simreg.worker.data.store.ObjectStore;
import org.simreg.worker.data.store.StoredFile;
import org.simreg.worker.data.store.s3.S3Access;
import org.simreg.worker.data.store.s3.S3Folder;
import org.simreg.worker.data.store.s3.S3Store;

/**
 * The storage of any sample: the file systems that this process sees, and buckets.
 *
 * @param roots below which files and objects must lie to be read
 */
public record AnyStore(Roots roots) implements FileStore {
    /** The folder, or the beginning of objects' names, that a process's own user names to be written to. */
    public static FileFolder folder(String place) {
        return DataSource.isObjects(place)
                ? new S3Folder(S3Access.ofProcess(), place)
                : new LocalFolder(Path.of(place));
    }

    /** The bucket's service; the client behind it is made once a process. */
    ObjectStore objects() {
        return new S3Store(S3Access.ofProcess(), roots);
    }

    /** The storage of a place. */
    FileStore of(String place) {
        return DataSource.isObjects(place) ? objects() : new LocalStore(roots);
    }

    @Override
    public List<StoredFile> find(String pattern) {
        return of(pattern).find(pattern);
    }

    @Override
    public int threads() {
        return new LocalStore(roots).threads();
    }

    @Override
    public int cheapBytes() {
        return new LocalStore(roots).cheapBytes();
    }

    @Override
    public Reader open(StoredFile file, BooleanSupplier wanted) throws IOException {
        return of(file.path()).open(file, wanted);
    }
}
