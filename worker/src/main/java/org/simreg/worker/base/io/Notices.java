package org.simreg.worker.base.io;

import java.util.function.Consumer;
import java.util.function.Supplier;
import org.simreg.proto.BrokenImage;
import org.simreg.worker.base.concurrent.WatchedPool;

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
    default Mark decoding(String location) {
        return Mark.NONE;
    }

    /** Whether somebody still wants what the notices are about. */
    default boolean wanted() {
        return true;
    }

    /**
     * This thread reads what may give no answer, until what this gives is closed; it tells by {@link WatchedPool#progress}
     * that it gets ahead.
     *
     * @param what is read, for people
     */
    default Mark reading(String what) {
        return Mark.NONE;
    }

    /**
     * Does what may wait for storage that gives no answer. It is interrupted when nobody wants it any more.
     *
     * @throws RuntimeException what the work throws
     */
    default <T> T waiting(Supplier<T> work) {
        return work.get();
    }

    /** The mark of what a thread does, from its begin to its end, however that is. */
    @FunctionalInterface
    interface Mark extends AutoCloseable {
        /** One that nobody is told of. */
        Mark NONE = () -> {};

        @Override
        void close();
    }
}
