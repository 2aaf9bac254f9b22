package org.simreg.coordinator.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.simreg.proto.UserError;

/** Work on files; a full disk or a missing right is for the user to mend. */
public final class Disk {
    private Disk() {}

    /** What may fail. */
    @FunctionalInterface
    public interface Work<T> {
        T run() throws IOException;
    }

    /** What may fail and gives nothing. */
    @FunctionalInterface
    public interface Act {
        void run() throws IOException;
    }

    /**
     * Reads something.
     *
     * @param target what is read, for the message
     * @throws UserError if it fails
     */
    public static <T> T read(Path target, Work<T> work) {
        return attempt(
                "Reading %s failed: %s; check the disk and the right to read it", target, work);
    }

    /**
     * Writes something.
     *
     * @param target what is written, for the message
     * @throws UserError if it fails
     */
    public static void write(Path target, Act act) {
        attempt(
                "Writing %s failed: %s; make room or give the right to write, then start again",
                target,
                () -> {
                    act.run();
                    return null;
                });
    }

    private static <T> T attempt(String sentence, Path target, Work<T> work) {
        try {
            return work.run();
        } catch (IOException e) {
            throw new UserError(sentence.formatted(target, e), e);
        }
    }

    /** Makes new, moved and deleted names in a folder durable. */
    public static void forceFolder(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
