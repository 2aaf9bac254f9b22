package org.simreg.worker.data.dataset.folder;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.FileNames;
import org.simreg.worker.base.io.UserFile;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.SampleIndex;

/**
 * A walk through a data set's folders, which it lists, each once. What an entry is, the file system says, not its
 * name: there are folders called {@code x.jpg}. Safe for several threads.
 */
final class FolderWalk implements Folders {
    /** Endings of images: torchvision's, and four that were always taken besides. */
    private static final Set<String> ENDINGS =
            Set.of("jpg", "jpeg", "jpe", "jfif", "png", "webp", "gif", "bmp", "ppm", "pgm", "tif", "tiff");

    private final Path root;
    private final ImageDataset.IndexProgress progress;
    private final LeftOut leftOut;
    private final Map<String, Entries> peeked = new ConcurrentHashMap<>();
    private final Queue<SampleIndex.Listed> listed = new ConcurrentLinkedQueue<>();
    private final AtomicLong folders = new AtomicLong();
    private final AtomicLong images = new AtomicLong();

    /**
     * @param leftOut told about everything that is neither a folder nor an image
     */
    FolderWalk(Path root, ImageDataset.IndexProgress progress, LeftOut leftOut) {
        this.root = root;
        this.progress = progress;
        this.leftOut = leftOut;
    }

    /**
     * The names in one folder; those that start with a dot are left out.
     *
     * @param key what tells the folder from others, also by another path; null if the file system doesn't
     * @param folders names of folders, links to folders included
     * @param images names of files that end like an image's
     */
    record Entries(Object key, List<String> folders, List<String> images) {}

    /** Every folder that was listed so far. */
    List<SampleIndex.Listed> listed() {
        return List.copyOf(listed);
    }

    @Override
    public Entries peek(String folder) {
        return peeked.computeIfAbsent(folder, this::read);
    }

    @Override
    public boolean isFolder(String folder) {
        return Files.isDirectory(FileNames.resolve(root, folder));
    }

    /** Lists one folder, given by its path below the root. */
    Entries list(String folder) {
        Entries known = peeked.remove(folder);
        return known == null ? read(folder) : known;
    }

    private Entries read(String folder) {
        Path path = FileNames.resolve(root, folder);
        try {
            BasicFileAttributes own = Files.readAttributes(path, BasicFileAttributes.class);
            listed.add(new SampleIndex.Listed(folder, own.lastModifiedTime()));
            Entries entries = new Entries(own.fileKey(), new ArrayList<>(), new ArrayList<>());
            UserFile.requireFolder(path);
            try (DirectoryStream<Path> stream = Files.newDirectoryStream(path)) {
                for (Path entry : stream) {
                    sort(folder, entry, entries);
                }
            }
            progress.listed(
                    folders.incrementAndGet(), images.addAndGet(entries.images().size()));
            return entries;
        } catch (DirectoryIteratorException e) {
            throw unlisted(path, e.getCause());
        } catch (IOException e) {
            throw unlisted(path, e);
        }
    }

    private static UserError unlisted(Path path, IOException e) {
        return new UserError(
                "The folder %s of the data set can't be listed (%s); check its permissions"
                        .formatted(path, Disk.reason(e)),
                e);
    }

    private void sort(String folder, Path entry, Entries entries) {
        String name = FileNames.of(entry);
        boolean image = isImage(name);
        if (name.startsWith(".")) {
            if (image) {
                leftOut.hidden(below(folder, name));
            } else if (Files.isDirectory(entry)) {
                leftOut.hiddenFolder(below(folder, name));
            }
            return;
        }
        BasicFileAttributes found;
        try {
            found = Files.readAttributes(entry, BasicFileAttributes.class);
        } catch (IOException e) {
            leftOut.dangling(below(folder, name));
            return;
        }
        if (found.isDirectory() && LeftOut.isOfSystem(name)) {
            leftOut.ofSystem(below(folder, name));
        } else if (found.isDirectory()) {
            entries.folders().add(name);
        } else if (image && found.isRegularFile()) {
            entries.images().add(name);
        } else {
            leftOut.file(folder, name, found.isRegularFile());
        }
    }

    static String below(String folder, String name) {
        return folder.isEmpty() ? name : folder + "/" + name;
    }

    static boolean isImage(String name) {
        int dot = name.lastIndexOf('.');
        return dot >= 0 && ENDINGS.contains(name.substring(dot + 1).toLowerCase(Locale.ROOT));
    }

    /** Paths of all images below a folder, relative to it and with slashes, in no order. */
    List<String> below(String folder) {
        List<String> found = new ArrayList<>();
        collect(folder, "", above(folder), found);
        return found;
    }

    /** The folders above one, which a link in it may lead back to. */
    private Deque<Object> above(String folder) {
        Deque<Object> above = new ArrayDeque<>();
        for (int end = folder.lastIndexOf('/'); end >= -1; end = end < 0 ? -2 : folder.lastIndexOf('/', end - 1)) {
            try {
                Path path = FileNames.resolve(root, folder.substring(0, Math.max(0, end)));
                Optional.ofNullable(Files.readAttributes(path, BasicFileAttributes.class)
                                .fileKey())
                        .ifPresent(above::push);
            } catch (IOException e) {
                continue; // listing it says what is wrong
            }
        }
        return above;
    }

    private void collect(String folder, String prefix, Deque<Object> above, List<String> found) {
        String here = prefix.isEmpty() ? folder : folder + "/" + prefix.substring(0, prefix.length() - 1);
        Entries entries = list(here);
        if (entries.key() != null && above.contains(entries.key())) {
            leftOut.loop(here);
            return;
        }
        above.push(entries.key() == null ? here : entries.key());
        entries.images().forEach(name -> found.add(prefix + name));
        entries.folders().forEach(name -> collect(folder, prefix + name + "/", above, found));
        above.pop();
    }
}
