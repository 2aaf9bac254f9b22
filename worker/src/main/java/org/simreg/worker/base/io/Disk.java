package org.simreg.worker.base.io;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.simreg.proto.Printable;
import org.simreg.proto.UserError;

/**
 * Errors of files and disks as sentences for the user, whose part it is to mend a full disk, a
 * missing file or a missing right.
 */
public final class Disk {
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
     * @throws UserError if it fails; a {@link Shortage} if for want of room, descriptors or memory
     */
    public static <T> T read(Path target, Work<T> work) {
        return attempt("Reading %s failed: %s", "", "; check the disk and the right to read it", target, work);
    }

    /**
     * Writes something.
     *
     * @param target what is written, for the message
     * @throws UserError if it fails; a {@link Shortage} if for want of room, descriptors or memory
     */
    public static void write(Path target, Act act) {
        String then = ", then start again; a run continues with --resume";
        attempt(
                "Writing %s failed: %s",
                then, "; make room or give the right to write" + then, target, () -> {
                    act.run();
                    return null;
                });
    }

    /**
     * Makes a folder and those above it, where they are absent.
     *
     * @throws UserError if something else stands in its way, or it can't be made
     */
    public static Path folder(Path folder) {
        refuseFile(folder);
        String otherwise = "; choose another";
        return attempt(
                "The folder %s can't be made: %s", otherwise, otherwise, folder, () -> Files.createDirectories(folder));
    }

    /**
     * Refuses the path of a folder that can't be one.
     *
     * @throws UserError if the path, or one above it, is something else than a folder
     */
    public static void refuseFile(Path folder) {
        Path at = folder.toAbsolutePath();
        while (at.getParent() != null && !Files.exists(at)) {
            at = at.getParent();
        }
        if (!Files.isDirectory(at)) {
            throw new UserError("The folder %s can't be made: %s is no folder; choose another".formatted(folder, at));
        }
    }

    /**
     * @param afterShortage what follows the way out of a shortage
     * @param otherwise the way out of anything else
     */
    private static <T> T attempt(String sentence, String afterShortage, String otherwise, Path target, Work<T> work) {
        try {
            return work.run();
        } catch (IOException e) {
            throw failure(sentence.formatted(target, reason(e)), afterShortage, otherwise, e);
        }
    }

    static UserError failure(String failed, String afterShortage, String otherwise, IOException cause) {
        return Shortage.of(cause, failed, afterShortage).orElseGet(() -> new UserError(failed + otherwise, cause));
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

    /** As {@link #reason}, behind the file that it is about, if the exception names one. */
    public static String reasonWithFile(IOException e) {
        boolean named = e instanceof FileSystemException failure && failure.getFile() != null;
        return named ? printable(((FileSystemException) e).getFile()) + ": " + reason(e) : reason(e);
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
