package org.simreg.worker.data.dataset;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.simreg.worker.data.dataset.folder.FolderSource;

/** A data set's folder for a test, with a cache folder beside it. */
public final class Tree {
    public final Path root;
    final Path cache;
    private final AtomicLong listed = new AtomicLong();
    private final List<String> notes = new ArrayList<>();

    public Tree(Path temporary) {
        root = temporary.resolve("images");
        cache = temporary.resolve("cache");
    }

    /** Makes empty files, and the folders above them. */
    public Tree files(String... paths) {
        for (String path : paths) {
            write(path, new byte[0]);
        }
        return this;
    }

    public Tree write(String path, byte[] bytes) {
        try {
            Path file = root.resolve(path);
            Files.createDirectories(file.getParent());
            Files.write(file, bytes);
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** As if no folder had been touched for an hour. */
    Tree settled() {
        FileTime before = FileTime.from(Instant.now().minus(Duration.ofHours(1)));
        try (Stream<Path> paths = Files.walk(root)) {
            for (Path folder : paths.filter(Files::isDirectory).toList()) {
                Files.setLastModifiedTime(folder, before);
            }
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public ImageDataset open(ImageDataset.Subset subset) {
        listed.set(0);
        notes.clear();
        return FolderSource.open(
                root, subset, cache, (folders, images) -> listed.accumulateAndGet(folders, Math::max), notes::add);
    }

    public ImageDataset open() {
        return open(ImageDataset.Subset.ALL);
    }

    /** What the last opening told, without the root's path. */
    public List<String> notes() {
        return notes.stream()
                .map(note -> note.replace(root + ": ", "").replace(root + "/", ""))
                .toList();
    }

    /** Folders that the last opening listed. */
    long listed() {
        return listed.get();
    }

    /** The files of the cache folder. */
    List<Path> cached() {
        try (Stream<Path> files = Files.exists(cache) ? Files.list(cache) : Stream.empty()) {
            return files.toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The paths of all images by id, below the root. */
    public List<String> paths(ImageList images) {
        return IntStream.range(0, images.size()).mapToObj(images::path).toList();
    }
}
