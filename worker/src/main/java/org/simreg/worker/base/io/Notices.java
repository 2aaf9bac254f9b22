package org.simreg.worker.base.io;

import java.util.function.Consumer;
import org.simreg.proto.BrokenImage;

/** A listener to sentences for people, from any thread. */
@FunctionalInterface
public interface Notices extends Consumer<String> {
    /**
     * An image can't be read.
     *
     * @param sentence that says which, and why
     */
    default void broken(BrokenImage image, String sentence) {
        accept(sentence);
    }
}
