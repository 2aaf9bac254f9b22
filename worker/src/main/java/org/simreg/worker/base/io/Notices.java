package org.simreg.worker.base.io;

import java.util.function.Consumer;
import java.util.function.Supplier;
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

    /**
     * An image is being decoded, until what this gives is closed.
     *
     * @param location where the image lies, for people
     */
    default Decoding decoding(String location) {
        return Decoding.UNMARKED;
    }

    /** Whether somebody still wants what the notices are about. */
    default boolean wanted() {
        return true;
    }

    /**
     * Does what may wait for storage that gives no answer. It is interrupted when nobody wants it any more.
     *
     * @throws RuntimeException what the work throws
     */
    default <T> T waiting(Supplier<T> work) {
        return work.get();
    }

    /** The decoding of one image, from its begin to its end, whether that is a picture or an error. */
    @FunctionalInterface
    interface Decoding extends AutoCloseable {
        /** One that nobody is told of. */
        Decoding UNMARKED = () -> {};

        @Override
        void close();
    }
}
