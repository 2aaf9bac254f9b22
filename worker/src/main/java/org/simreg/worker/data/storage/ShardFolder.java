package org.simreg.worker.data.storage;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.simreg.proto.DataSource;
import org.simreg.worker.base.io.UserFile;
import org.simreg.worker.data.dataset.folder.PathTree;

/**
 * The recognition of a folder whose samples lie in tar or Parquet files, as unpacked archives and clones of a hub have
 * them: by itself, or in folders directly below it ({@code train/*.tar}, {@code data/*.parquet}).
 */
final class ShardFolder {
    private static final int MOST_FOLDERS = 8;
    private static final String WILDCARDS = "*?{}[],";

    private final Path root;
    /** Folders with shards of each ending, as names below the root; the root itself is empty. */
    private final Map<String, List<String>> found = new TreeMap<>();

    private int shards;

    private ShardFolder(Path root) {
        this.root = root;
    }

    /**
     * The shards of a folder that has some, of one kind, and no picture beside them.
     *
     * @param notice of what it is read as
     */
    record Shards(DataSource source, String notice) {}

    /** The shards of a folder; empty if it is to be read as a folder, or can't be listed. */
    static Optional<Shards> of(Path root) {
        ShardFolder folder = new ShardFolder(root);
        try {
            return folder.isWithoutPictures() ? folder.shards() : Optional.empty();
        } catch (IOException | DirectoryIteratorException e) {
            return Optional.empty();
        }
    }

    private boolean isWithoutPictures() throws IOException {
        List<Path> folders = new ArrayList<>();
        if (!peek("", folders) || folders.size() > MOST_FOLDERS) {
            return false;
        }
        for (Path each : folders) {
            List<Path> deeper = new ArrayList<>();
            if (!peek(each.getFileName().toString(), deeper) || !deeper.isEmpty()) {
                return false;
            }
        }
        return true;
    }

    /** Whether a folder has no picture; its shards are counted, its folders are put on the list. */
    private boolean peek(String name, List<Path> folders) throws IOException {
        UserFile.requireFolder(root.resolve(name));
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(root.resolve(name))) {
            for (Path entry : entries) {
                String file = entry.getFileName().toString();
                if (PathTree.isImage(file)) {
                    return false;
                } else if (file.startsWith(".")) {
                    continue;
                } else if (Files.isDirectory(entry)) {
                    folders.add(entry);
                } else {
                    count(name, file);
                }
                if (folders.size() > MOST_FOLDERS) {
                    return true;
                }
            }
        }
        return true;
    }

    private void count(String folder, String file) {
        if (DataSource.ofShards(file).isPresent()) {
            shards++;
            List<String> names = found.computeIfAbsent(file.substring(file.lastIndexOf('.')), key -> new ArrayList<>());
            if (!names.contains(folder)) {
                names.add(folder);
            }
        }
    }

    private Optional<Shards> shards() {
        if (found.size() != 1) {
            return Optional.empty();
        }
        String ending = found.keySet().iterator().next();
        List<String> folders = found.get(ending).stream().sorted().toList();
        boolean mixed = folders.size() > 1 && folders.contains("");
        String places = root + String.join("", folders);
        if (mixed || places.chars().anyMatch(one -> WILDCARDS.indexOf(one) >= 0)) {
            return Optional.empty();
        }
        String below = folders.equals(List.of(""))
                ? ""
                : folders.size() == 1
                        ? folders.get(0) + "/"
                        : folders.stream().collect(Collectors.joining(",", "{", "}/"));
        DataSource source =
                DataSource.ofShards(root + "/" + below + "*" + ending).orElseThrow();
        return Optional.of(new Shards(
                source,
                "%s holds %d %s and no pictures, and is read as %s".formatted(root, shards, ending, source.text())));
    }
}
