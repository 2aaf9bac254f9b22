package org.simreg.coordinator.api;

import java.io.IOException;
import java.util.Iterator;

/** An answer in parts that are made when they can be sent. Used by one thread at a time. */
interface Parts<T> extends AutoCloseable {
    /** Makes the next part; null after the last. May read files. */
    T next() throws IOException;

    /** Lets go of open files. */
    @Override
    void close() throws IOException;

    /** Parts that need no file. */
    static <T> Parts<T> of(Iterator<T> parts) {
        return new Parts<>() {
            @Override
            public T next() {
                return parts.hasNext() ? parts.next() : null;
            }

            @Override
            public void close() {
                // Nothing is open.
            }
        };
    }
}
