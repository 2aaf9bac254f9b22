package org.simreg.worker.data.store;

import java.io.IOException;

/** Files in which values are packed, so that one is no stretch of bytes. Safe for all threads. */
public interface ValueStore {
    /**
     * One value.
     *
     * @param place what the file's index says
     * @throws IOException if the file can't be read, or isn't the one that was listed
     */
    byte[] value(StoredFile file, long place) throws IOException;
}
