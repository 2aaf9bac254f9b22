package org.simreg.worker.data.store;

/**
 * A file as it was when it was listed.
 *
 * @param path as its store names it
 * @param size in bytes; -1 of a folder whose files are meant
 * @param changed tells it from what it was before: nanoseconds since 1970 of its last change, or a digest of an object's
 *     ETag
 */
public record StoredFile(String path, long size, long changed) {
    /** The beginning of the paths of objects. */
    public static StoredFile folder(String path) {
        return new StoredFile(path, -1, 0);
    }

    /** Whether it stands for the objects whose paths begin so. */
    public boolean isFolder() {
        return size < 0;
    }
}
