package org.simreg.worker.data.dataset.located;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The splits that samples with classes of their own belong to by the folders of their paths: a list's {@code
 * train/ant/1.jpg} and {@code val/ant/2.jpg}. There are splits where each path has such a folder at one depth, some of
 * train and some of val.
 */
final class FolderSplits {
    private static final int DEEPEST = 8;

    private final int depth;
    private final TreeMap<String, FileSplits.Split> folders;

    private FolderSplits(int depth, TreeMap<String, FileSplits.Split> folders) {
        this.depth = depth;
        this.folders = folders;
    }

    /** The splits of some samples; none if their paths don't say so of each. */
    static Optional<FolderSplits> of(SampleRows rows) {
        if (rows.size() == 0) {
            return Optional.empty();
        }
        String first = rows.names().get(0);
        for (int depth = 0; depth < DEEPEST && folder(first, depth) != null; depth++) {
            Optional<TreeMap<String, FileSplits.Split>> found =
                    FileSplits.isSplitName(folder(first, depth)) ? splits(rows, depth) : Optional.empty();
            if (found.isPresent()) {
                return Optional.of(new FolderSplits(depth, found.get()));
            }
        }
        return Optional.empty();
    }

    private static Optional<TreeMap<String, FileSplits.Split>> splits(SampleRows rows, int depth) {
        TreeSet<String> names = new TreeSet<>();
        for (int row = 0; row < rows.size(); row++) {
            String name = folder(rows.names().get(row), depth);
            // A class may be called so.
            if (name == null || !FileSplits.isSplitName(name) || name.equals(rows.label(row))) {
                return Optional.empty();
            }
            names.add(name);
        }
        return FileSplits.ofFolders(names);
    }

    /** The name of a path's folder at a depth; null if it has none. */
    private static String folder(String path, int depth) {
        int from = 0;
        for (int i = 0; i < depth; i++) {
            from = path.indexOf('/', from) + 1;
            if (from == 0) {
                return null;
            }
        }
        int end = path.indexOf('/', from);
        return end < 0 ? null : path.substring(from, end);
    }

    /** What a sample is. */
    FileSplits.Split of(String path) {
        return folders.get(folder(path, depth));
    }

    /** A sentence about what was taken. */
    String note() {
        List<String> told = new ArrayList<>();
        for (FileSplits.Split split : FileSplits.Split.values()) {
            List<String> names = folders.entrySet().stream()
                    .filter(folder -> folder.getValue() == split)
                    .map(folder -> folder.getKey() + "/")
                    .toList();
            String word = split.name().toLowerCase(Locale.ROOT);
            if (!names.isEmpty()) {
                told.add((split == FileSplits.Split.LEFT_OUT ? "left out: " : word + " images of ")
                        + String.join(", ", names));
            }
        }
        return "taken by the paths' folders: " + String.join(", ", told);
    }
}
