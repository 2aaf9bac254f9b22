package org.simreg.worker.data.dataset.folder;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.simreg.worker.data.dataset.SampleIndex;

/**
 * Paths of images read as a folder tree, with {@code train}, {@code val} and class folders in the same places. Paths
 * are added first.
 */
public final class PathTree {
    private final Map<String, FolderWalk.Entries> folders = new HashMap<>();
    private SplitLayout layout;

    /** A tree without paths. */
    public PathTree() {
        folders.put("", entries(""));
    }

    private static FolderWalk.Entries entries(String folder) {
        return new FolderWalk.Entries(folder, new ArrayList<>(), new ArrayList<>(1));
    }

    /** Whether a path ends like an image's and lies in no folder of a system; no name may start with a dot. */
    public static boolean isImage(String path) {
        return !path.startsWith(".")
                && !path.contains("/.")
                && FolderWalk.isImage(path)
                && !LeftOut.isBelowSystems(path);
    }

    /** Takes a path; of the images in a folder one is kept. */
    public void add(String path) {
        int slash = path.lastIndexOf('/');
        List<String> images = folder(slash < 0 ? "" : path.substring(0, slash)).images();
        if (images.isEmpty()) {
            images.add(path.substring(slash + 1));
        }
    }

    private FolderWalk.Entries folder(String folder) {
        FolderWalk.Entries known = folders.get(folder);
        if (known == null) {
            known = entries(folder);
            folders.put(folder, known);
            int slash = folder.lastIndexOf('/');
            folder(slash < 0 ? "" : folder.substring(0, slash)).folders().add(folder.substring(slash + 1));
        }
        return known;
    }

    private SplitLayout layout() {
        if (layout == null) {
            layout = SplitLayout.of(new Known(folders));
        }
        return layout;
    }

    private record Known(Map<String, FolderWalk.Entries> folders) implements Folders {
        @Override
        public FolderWalk.Entries peek(String folder) {
            return folders.get(folder);
        }

        @Override
        public boolean isFolder(String folder) {
            return folders.containsKey(folder);
        }
    }

    /** What was understood otherwise than literally. */
    public List<String> notes() {
        return layout().notes();
    }

    /** The folder of train below the root, then that of val if there is one. */
    public List<String> parts() {
        List<String> parts = new ArrayList<>(List.of(layout().train()));
        layout().vals().stream().findFirst().ifPresent(parts::add);
        return parts;
    }

    /**
     * The place of an image in its part.
     *
     * @param part index in {@link #parts}
     * @param label its class folder; empty if it lies beside these
     * @param name its path below the class folder
     */
    public record Place(int part, String label, String name) {}

    /** The place of a path that was added; none if it is in no part. */
    public Optional<Place> place(String path) {
        List<String> parts = parts();
        for (int part = 0; part < parts.size(); part++) {
            String folder = parts.get(part);
            if (folder.isEmpty() || path.startsWith(folder + "/")) {
                String rest = folder.isEmpty() ? path : path.substring(folder.length() + 1);
                int slash = rest.indexOf('/');
                return Optional.of(
                        slash < 0
                                ? new Place(part, "", rest)
                                : new Place(part, rest.substring(0, slash), rest.substring(slash + 1)));
            }
        }
        return Optional.empty();
    }

    /** Sentences about a part as it became: what lies beside its classes, which of them are one. */
    public static List<String> notes(SampleIndex.FolderPart part) {
        return part.labelled() ? new PartNotes(part.folder(), part, part.classes()).notes() : List.of();
    }
}
