package org.simreg.worker.data.store;

import java.util.List;
import java.util.function.LongConsumer;
import org.simreg.proto.UserError;

/** A storage of objects by name, whose folders are what names have before slashes. */
public interface ObjectStore extends FileStore {
    /**
     * All objects below a folder, in any order.
     *
     * @param folder place without wildcards
     * @param progress told how many there are so far, from any thread
     * @throws UserError if it can't be listed, or may not be read
     */
    List<StoredFile> below(String folder, LongConsumer progress);

    /**
     * The objects that lie in folders, not below these, in any order.
     *
     * @param folders places with a slash at their ends
     * @param progress told how many there are so far, from any thread
     * @throws UserError if they can't be listed, or may not be read
     */
    List<StoredFile> in(List<String> folders, LongConsumer progress);

    /** Whether a place can be listed now; found out without patience. */
    boolean isThere(String place);
}
