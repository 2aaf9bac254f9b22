package org.simreg.worker.data.store;

import java.io.IOException;
import java.util.function.BooleanSupplier;

/** Files in which values are packed, so that one is no stretch of bytes. Safe for all threads. */
public interface ValueStore {
    /**
     * One value.
     *
     * @param place what the file's index says
     * @param wanted whether the caller still waits
     * @throws IOException if the file can't be read, or isn't the one that was listed
     */
    byte[] value(StoredFile file, long place, BooleanSupplier wanted) throws IOException;
}
