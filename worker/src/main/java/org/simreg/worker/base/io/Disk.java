package org.simreg.worker.base.io;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.simreg.proto.Printable;
import org.simreg.proto.UserError;

/**
 * Errors of files and disks as sentences for the user, whose part it is to mend a full disk, a
 * missing file or a missing right.
 */
public final class Disk {
    /** As the C library words them: ENOSPC, EDQUOT, EMFILE and ENFILE, ENOMEM. */
    private static final List<String> SHORTAGES =
            List.of("No space left on device", "Disk quota exceeded", "Too many open files", "Cannot allocate memory");

    private Disk() {}

    /** A reading or writing that gives a result. */
    @FunctionalInterface
    public interface Work<T> {
        T run() throws IOException;
    }

    /** A reading or writing that gives nothing. */
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
        return attempt("Reading %s failed: %s; check the disk and the right to read it", target, work);
    }

    /**
     * Writes something.
     *
     * @param target what is written, for the message
     * @throws UserError if it fails
     */
    public static void write(Path target, Act act) {
        attempt(
                "Writing %s failed: %s; make room or give the right to write, then start again; a run continues with --resume",
                target, () -> {
                    act.run();
                    return null;
                });
    }

    private static <T> T attempt(String sentence, Path target, Work<T> work) {
        try {
            return work.run();
        } catch (IOException e) {
            throw new UserError(sentence.formatted(target, reason(e)), e);
        }
    }

    /** Why a file can't be used; Java's own messages are often only the file's name once more. */
    public static String reason(IOException e) {
        if (e instanceof NoSuchFileException) {
            return "there is no such file";
        }
        if (e instanceof AccessDeniedException) {
            return "permission denied";
        }
        if (e instanceof CharacterCodingException) {
            return "it is not text in UTF-8";
        }
        if (e instanceof FileSystemException failure && failure.getReason() != null) {
            return printable(failure.getReason());
        }
        boolean named = e instanceof FileSystemException || e.getMessage() == null;
        return named ? e.getClass().getSimpleName() : printable(e.getMessage());
    }

    /**
     * Whether something failed for want of room, descriptors or memory: it works again when others give
     * some back, and is nobody's fault.
     */
    public static boolean isShortage(Throwable failure) {
        for (Throwable e = failure; e != null; e = e.getCause()) {
            String reason = e instanceof IOException io ? reason(io) : "";
            if (SHORTAGES.stream().anyMatch(reason::contains)) {
                return true;
            }
        }
        return false;
    }

    /** A text without what would move a terminal's cursor; names from a file may hold anything. */
    public static String printable(String text) {
        return Printable.text(text);
    }

    /** Makes new, moved and deleted names in a folder durable. */
    public static void forceFolder(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
