package org.simreg.worker.data.dataset.folder;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Where the parts of a data set lie below its folder, by the names that people give to them: {@code train} or {@code
 * training}, and {@code val}, {@code valid}, {@code validation}, {@code dev}, {@code test}, {@code testing}, {@code eval} or
 * {@code evaluation}, in any case, also below a folder that an archive was unpacked to.
 *
 * @param train path of the train images; empty for the data set's own folder
 * @param vals paths of folders that may be val, the likeliest first
 * @param notes a sentence about each choice
 */
record SplitLayout(String train, List<String> vals, List<String> notes) {
    /** More folders than this are classes. */
    private static final int MOST_FOLDERS = 8;

    private static final int DEEPEST = 3;

    /** Where ImageNet's archive of Kaggle has its images, beside annotations and lists of images. */
    private static final String KAGGLE = "Data/CLS-LOC";

    static SplitLayout of(Folders walk) {
        List<String> folders = walk.peek("").folders();
        Optional<String> train = named(SplitNames.TRAIN, folders).findFirst();
        List<String> vals = named(SplitNames.evaluated(), folders).toList();
        boolean exact = train.equals(Optional.of("train"));
        if (train.isPresent() && (exact || !vals.isEmpty() || folders.size() == 1 || holdsFolders(walk, train.get()))) {
            return split("", train.get(), folders);
        }
        return unpacked(walk).map(base -> within(walk, base)).orElse(new SplitLayout("", List.of(), List.of()));
    }

    /** Train's folder is a class among others, as "training" may be, unless it holds class folders itself. */
    private static boolean holdsFolders(Folders walk, String train) {
        FolderWalk.Entries entries = walk.peek(train);
        return entries.images().isEmpty() && !entries.folders().isEmpty();
    }

    private static SplitLayout within(Folders walk, String base) {
        List<String> folders = walk.peek(base).folders();
        return split(base, named(SplitNames.TRAIN, folders).findFirst().orElseThrow(), folders);
    }

    private static SplitLayout split(String base, String train, List<String> folders) {
        List<String> vals = named(SplitNames.evaluated(), folders).toList();
        List<String> notes = new ArrayList<>();
        boolean usual = base.isEmpty()
                && train.equals("train")
                && (vals.isEmpty() || vals.get(0).equals("val"));
        if (!usual) {
            String val = vals.isEmpty() ? "" : ", val images of " + FolderWalk.below(base, vals.get(0));
            notes.add("taken: train images of " + FolderWalk.below(base, train) + val);
        }
        List<String> others = folders.stream()
                .filter(name -> !name.equals(train) && (vals.isEmpty() || !name.equals(vals.get(0))))
                .sorted()
                .toList();
        if (!others.isEmpty()) {
            notes.add("left out: %s beside %s (%s)"
                    .formatted(
                            others.size() == 1 ? "the folder" : others.size() + " folders",
                            FolderWalk.below(base, train),
                            LeftOut.first(others, others.size())));
        }
        return new SplitLayout(
                FolderWalk.below(base, train),
                vals.stream().map(name -> FolderWalk.below(base, name)).toList(),
                notes);
    }

    /** The folder below the root that holds the splits: the only one that does, or the only one at all. */
    private static Optional<String> unpacked(Folders walk) {
        String base = "";
        for (int depth = 0; depth < DEEPEST; depth++) {
            FolderWalk.Entries entries = walk.peek(base);
            List<String> folders = entries.folders();
            if (folders.size() > MOST_FOLDERS || !entries.images().isEmpty()) {
                return Optional.empty();
            }
            String above = base;
            String kaggle = FolderWalk.below(base, KAGGLE);
            if (folders.contains("Data") && hasTrain(walk, kaggle)) {
                return Optional.of(kaggle);
            }
            List<String> split = folders.stream()
                    .map(name -> FolderWalk.below(above, name))
                    .filter(folder -> hasTrain(walk, folder))
                    .filter(folder -> isSplit(walk.peek(folder).folders()))
                    .toList();
            if (split.size() == 1) {
                return Optional.of(split.get(0));
            }
            if (!split.isEmpty() || folders.size() != 1) {
                return Optional.empty();
            }
            base = FolderWalk.below(base, folders.get(0));
        }
        return Optional.empty();
    }

    private static boolean isSplit(List<String> folders) {
        return named(SplitNames.TRAIN, folders).findFirst().isPresent()
                && (named(SplitNames.evaluated(), folders).findFirst().isPresent() || folders.size() == 1);
    }

    /** Asks for the usual spellings, so that folders which hold classes aren't listed for it. */
    private static boolean hasTrain(Folders walk, String folder) {
        return SplitNames.TRAIN.stream()
                .flatMap(name -> Stream.of(name, capital(name), name.toUpperCase(Locale.ROOT)))
                .anyMatch(name -> walk.isFolder(FolderWalk.below(folder, name)));
    }

    private static String capital(String name) {
        return name.substring(0, 1).toUpperCase(Locale.ROOT) + name.substring(1);
    }

    /** The folders with one of the names: by name, the exact one first. */
    private static Stream<String> named(List<String> names, List<String> folders) {
        return names.stream()
                .flatMap(name -> Stream.concat(
                        folders.stream().filter(name::equals),
                        folders.stream()
                                .filter(folder -> folder.equalsIgnoreCase(name) && !folder.equals(name))
                                .sorted()));
    }
}
