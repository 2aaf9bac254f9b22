package org.simreg.worker.data.dataset.located;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.simreg.worker.data.dataset.folder.SplitNames;
import org.simreg.worker.data.store.StoredFile;

/**
 * The splits that files of many samples belong to by their names: {@code train-00000-of-00002.parquet} beside {@code
 * validation-00000-of-00001.parquet}, {@code ILSVRC2012_img_val.tar} beside {@code ILSVRC2012_img_train.tar}, or the
 * names of their folders where the files' say nothing. A word counts where no letter stands beside it. There are splits
 * where some files are of train, others of val, and none is of neither.
 *
 * @see <a href="https://huggingface.co/docs/hub/datasets-file-names-and-splits">The Hub's names of splits</a>
 */
public final class FileSplits {
    private static final List<String> TRAIN = SplitNames.TRAIN;

    /** Words for val, the likeliest first; files of the others are left out. */
    private static final List<List<String>> VAL = List.of(SplitNames.VAL, SplitNames.TEST);

    private static final int SHOWN = 3;

    private final List<StoredFile> files;
    private final List<String> val;

    private FileSplits(List<StoredFile> files, List<String> val) {
        this.files = files;
        this.val = val;
    }

    /** What a file is. */
    public enum Split {
        /** Trained on. */
        TRAIN,
        /** Evaluated on. */
        VAL,
        /** Neither: a second set to evaluate on. */
        LEFT_OUT
    }

    /** The splits of some files; none if their names don't say so of each. */
    public static Optional<FileSplits> of(List<StoredFile> files) {
        boolean train = files.stream().anyMatch(file -> is(TRAIN, file));
        boolean each =
                files.stream().allMatch(file -> is(TRAIN, file) != VAL.stream().anyMatch(words -> is(words, file)));
        Optional<List<String>> val = VAL.stream()
                .filter(words -> files.stream().anyMatch(file -> is(words, file)))
                .findFirst();
        return train && each ? val.map(words -> new FileSplits(files, words)) : Optional.empty();
    }

    private static boolean is(List<String> words, StoredFile file) {
        String[] names = file.path().split("/", -1);
        for (int i = names.length - 1; i >= Math.max(0, names.length - 2); i--) {
            List<String> parts = Arrays.asList(names[i].toLowerCase(Locale.ROOT).split("[^a-z]+", -1));
            if (parts.stream().anyMatch(SplitNames::has)) {
                return parts.stream().anyMatch(words::contains);
            }
        }
        return false;
    }

    /** Whether a folder's whole name is a word for train or val. */
    static boolean isSplitName(String name) {
        return SplitNames.has(name.toLowerCase(Locale.ROOT));
    }

    /** The split of each folder name; none if no name is of train or none of val. */
    static Optional<TreeMap<String, Split>> ofFolders(Set<String> names) {
        Predicate<List<String>> some =
                words -> names.stream().anyMatch(name -> words.contains(name.toLowerCase(Locale.ROOT)));
        Optional<List<String>> val = VAL.stream().filter(some).findFirst();
        if (!some.test(TRAIN) || val.isEmpty()) {
            return Optional.empty();
        }
        TreeMap<String, Split> folders = new TreeMap<>();
        for (String name : names) {
            String word = name.toLowerCase(Locale.ROOT);
            folders.put(
                    name, TRAIN.contains(word) ? Split.TRAIN : val.get().contains(word) ? Split.VAL : Split.LEFT_OUT);
        }
        return Optional.of(folders);
    }

    /** What a file is. */
    public Split of(StoredFile file) {
        return is(TRAIN, file) ? Split.TRAIN : is(val, file) ? Split.VAL : Split.LEFT_OUT;
    }

    /** A sentence about what was taken. */
    String note() {
        String taken = "taken by the files' names: train images of %s, val images of %s"
                .formatted(shown(Split.TRAIN), shown(Split.VAL));
        boolean left = files.stream().anyMatch(file -> of(file) == Split.LEFT_OUT);
        return left ? taken + "; left out: " + shown(Split.LEFT_OUT) : taken;
    }

    private String shown(Split split) {
        List<String> names = files.stream()
                .filter(file -> of(file) == split)
                .map(file ->
                        file.isFolder() ? file.path().substring(0, file.path().length() - 1) : file.path())
                .map(path -> path.substring(path.lastIndexOf('/') + 1))
                .toList();
        String first = names.stream().limit(SHOWN).collect(Collectors.joining(", "));
        return names.size() > SHOWN ? "%d files (%s, ..)".formatted(names.size(), first) : first;
    }
}
