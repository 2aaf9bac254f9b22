package org.simreg.worker.data;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.simreg.proto.UserError;

/**
 * Lists folders. Tells images from folders by the name's ending, and asks the file system only
 * about names without an image's ending: a million files are listed without a call each.
 */
final class FolderWalk {
    private static final Set<String> ENDINGS =
            Set.of("jpg", "jpeg", "jpe", "jfif", "png", "webp", "gif", "bmp");
    private static final int DEEPEST = 32;

    /** What Java puts for bytes of a name that the locale's encoding doesn't have. */
    private static final char UNREADABLE = '\uFFFD';

    private final Path root;
    private final IndexProgress progress;
    private final Queue<FolderIndex.Listed> listed = new ConcurrentLinkedQueue<>();
    private final AtomicLong folders = new AtomicLong();
    private final AtomicLong images = new AtomicLong();

    FolderWalk(Path root, IndexProgress progress) {
        this.root = root;
        this.progress = progress;
    }

    /**
     * Names in one folder; those that start with a dot are left out.
     *
     * @param folders names of folders, links to folders included
     * @param images names that end like an image's
     */
    record Entries(List<String> folders, List<String> images) {}

    /** Every folder that was listed so far. */
    List<FolderIndex.Listed> listed() {
        return List.copyOf(listed);
    }

    /** Lists one folder, given by its path below the root. */
    Entries list(String folder) {
        Path path = root.resolve(folder);
        Entries entries = new Entries(new ArrayList<>(), new ArrayList<>());
        try {
            listed.add(new FolderIndex.Listed(folder, Files.getLastModifiedTime(path)));
            try (DirectoryStream<Path> stream = Files.newDirectoryStream(path)) {
                stream.forEach(entry -> sort(entry, entries));
            }
        } catch (IOException | DirectoryIteratorException e) {
            throw new UserError(
                    "The folder %s of the data set can't be listed (%s); check its permissions"
                            .formatted(path, e),
                    e);
        }
        progress.listed(folders.incrementAndGet(), images.addAndGet(entries.images().size()));
        return entries;
    }

    private static void sort(Path entry, Entries entries) {
        String name = entry.getFileName().toString();
        if (name.startsWith(".")) {
            return;
        }
        if (name.indexOf(UNREADABLE) >= 0) {
            throw new UserError(
                    "The name %s in the data set has characters that can't be read in this locale; start with LC_ALL=C.UTF-8, or rename it"
                            .formatted(entry));
        }
        if (isImage(name)) {
            entries.images().add(name);
        } else if (Files.isDirectory(entry)) {
            entries.folders().add(name);
        }
    }

    /** Paths of all images below a folder, relative to it and with slashes, in no order. */
    List<String> below(String folder) {
        List<String> found = new ArrayList<>();
        collect(folder, "", list(folder), 0, found);
        return found;
    }

    private void collect(
            String folder, String prefix, Entries entries, int depth, List<String> found) {
        if (depth > DEEPEST) {
            throw new UserError(
                    "The data set's folder %s is nested more than %d deep; does a symbolic link in it lead upwards?"
                            .formatted(root.resolve(folder).resolve(prefix), DEEPEST));
        }
        entries.images().forEach(name -> found.add(prefix + name));
        for (String name : entries.folders()) {
            String inner = prefix + name;
            collect(folder, inner + "/", list(folder + "/" + inner), depth + 1, found);
        }
    }

    private static boolean isImage(String name) {
        int dot = name.lastIndexOf('.');
        return dot >= 0 && ENDINGS.contains(name.substring(dot + 1).toLowerCase(Locale.ROOT));
    }
}
