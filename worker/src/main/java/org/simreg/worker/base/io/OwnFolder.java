package org.simreg.worker.base.io;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.simreg.proto.UserError;

/**
 * An open folder of ours to which others may write too: links in it are never followed, as they lead wherever who put
 * them there likes. What is deleted is deleted by its name in the open folder, also where a link has taken the folder's
 * place meanwhile. The way to the outermost folder may lead through links.
 */
public final class OwnFolder implements AutoCloseable {
    private final Path path;
    private final DirectoryStream<Path> stream;
    private final List<String> names = new ArrayList<>();

    private OwnFolder(Path path, DirectoryStream<Path> stream) throws IOException {
        this.path = path;
        this.stream = stream;
        for (Path entry : stream) {
            names.add(entry.getFileName().toString());
        }
    }

    /** Opens a folder. */
    @SuppressWarnings("StreamResourceLeak") // what is returned closes it
    public static OwnFolder open(Path path) throws IOException {
        DirectoryStream<Path> stream = Files.newDirectoryStream(path);
        try {
            return new OwnFolder(path, stream);
        } catch (IOException | RuntimeException e) {
            stream.close();
            throw e;
        }
    }

    /**
     * Opens a folder in it.
     *
     * @return empty if there is nothing of that name
     * @throws UserError if it is a link or no folder
     */
    public Optional<OwnFolder> inside(String name) throws IOException {
        Path inner = path.resolve(name);
        if (!requireFolder(inner)) {
            return Optional.empty();
        }
        if (!(stream instanceof SecureDirectoryStream<Path> secure)) {
            return Optional.of(open(inner));
        }
        DirectoryStream<Path> opened = secure.newDirectoryStream(Path.of(name), LinkOption.NOFOLLOW_LINKS);
        try {
            return Optional.of(new OwnFolder(inner, opened));
        } catch (IOException | RuntimeException e) {
            opened.close();
            throw e;
        }
    }

    /** What was in it when it was opened. */
    public List<String> names() {
        return names;
    }

    /** Deletes a file, or a link itself; nothing if it isn't there. */
    public void delete(String name) throws IOException {
        try {
            if (stream instanceof SecureDirectoryStream<Path> secure) {
                secure.deleteFile(Path.of(name));
            } else {
                Files.deleteIfExists(path.resolve(name));
            }
        } catch (NoSuchFileException gone) {
            return;
        }
        names.remove(name);
    }

    /** Deletes a folder in it that is empty. */
    public void deleteIfEmpty(String name) throws IOException {
        try {
            if (stream instanceof SecureDirectoryStream<Path> secure) {
                secure.deleteDirectory(Path.of(name));
            } else {
                Files.delete(path.resolve(name));
            }
        } catch (DirectoryNotEmptyException | NoSuchFileException kept) {
            return;
        }
        names.remove(name);
    }

    /**
     * Refuses links among some of what it holds.
     *
     * @param wanted names that are looked at
     * @throws UserError naming the first link
     */
    public void refuseLinks(List<String> wanted) throws IOException {
        for (String name : wanted) {
            if (names.contains(name) && attributes(name).isSymbolicLink()) {
                throw link(path.resolve(name));
            }
        }
    }

    private BasicFileAttributes attributes(String name) throws IOException {
        return stream instanceof SecureDirectoryStream<Path> secure
                ? secure.getFileAttributeView(Path.of(name), BasicFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
                        .readAttributes()
                : Files.readAttributes(path.resolve(name), BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    }

    @Override
    public void close() throws IOException {
        stream.close();
    }

    /**
     * Opens a file in a folder of ours, or makes it.
     *
     * @throws UserError if it is a link
     * @throws IOException if it can't be opened, or is no regular file
     */
    public static FileChannel open(Path file, OpenOption... options) throws IOException {
        if (Files.isSymbolicLink(file)) {
            throw link(file);
        }
        if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            UserFile.requireRegular(file);
        }
        Set<OpenOption> all = new HashSet<>(List.of(options));
        all.add(LinkOption.NOFOLLOW_LINKS);
        return FileChannel.open(file, all, PrivateFiles.in(file.toAbsolutePath().getParent()));
    }

    /** Whether a folder of ours is there. */
    public static boolean isFolder(Path folder) {
        return Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS);
    }

    /** Whether a file of ours is there. */
    public static boolean isFile(Path file) {
        return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS);
    }

    /**
     * Makes a folder in a folder of ours unless it is there.
     *
     * @throws UserError if it is a link or no folder
     */
    public static void make(Path folder) throws IOException {
        if (!requireFolder(folder)) {
            Files.createDirectories(folder);
        }
    }

    /**
     * Refuses a link, or anything else, where a folder of ours should be.
     *
     * @return whether it is there
     * @throws UserError if it is a link or no folder
     */
    public static boolean requireFolder(Path folder) throws IOException {
        if (Files.isSymbolicLink(folder)) {
            throw link(folder);
        }
        if (Files.exists(folder, LinkOption.NOFOLLOW_LINKS) && !isFolder(folder)) {
            throw new FileSystemException(folder.toString(), null, "it is no folder; move it away");
        }
        return isFolder(folder);
    }

    private static UserError link(Path file) {
        return new UserError(
                "%s is a symbolic link, and links in a run folder are not followed; remove it".formatted(file));
    }
}
