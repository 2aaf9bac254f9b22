package org.simreg.worker.data.store;

import java.util.List;
import java.util.function.Consumer;
import org.simreg.proto.UserError;

/** A storage of objects by name, whose folders are what names have before slashes. */
public interface ObjectStore extends FileStore {
    /**
     * Lists all objects below a folder, in any order.
     *
     * @param folder place without wildcards
     * @param taker takes each, one at a time, from any thread; so that nobody has to hold all as objects
     * @throws UserError if it can't be listed, or may not be read
     */
    void below(String folder, Consumer<StoredFile> taker);

    /**
     * Lists the objects that lie in folders, not below these, in any order.
     *
     * @param folders places with a slash at their ends
     * @param taker takes each, one at a time, from any thread
     * @throws UserError if they can't be listed, or may not be read
     */
    void in(List<String> folders, Consumer<StoredFile> taker);

    /** Whether a place can be listed now; found out without patience. */
    boolean isThere(String place);
}
