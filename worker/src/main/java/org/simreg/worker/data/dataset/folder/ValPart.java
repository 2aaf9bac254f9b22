package org.simreg.worker.data.dataset.folder;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.FileNames;
import org.simreg.worker.data.dataset.ClassNames;
import org.simreg.worker.data.dataset.ClassSelection;
import org.simreg.worker.data.dataset.SampleIndex;

/**
 * The val part of a data set: its images by their class folders, where train knows these, else by a list of their
 * classes. Whatever is wrong with it is a reason why there is none, never an error.
 */
final class ValPart {
    private final Path root;
    private final SampleIndex.FolderPart folder;
    private final SampleIndex.FolderPart train;
    private final Optional<Path> list;
    private final Consumer<String> notices;

    /**
     * @param folder val's folder as it was listed
     * @param list option of the user, for a val without class folders
     */
    ValPart(
            Path root,
            SampleIndex.FolderPart folder,
            SampleIndex.FolderPart train,
            Optional<Path> list,
            Consumer<String> notices) {
        this.root = root;
        this.folder = folder;
        this.train = train;
        this.list = list;
        this.notices = notices;
    }

    /**
     * A val part, or why there is none.
     *
     * @param why the end of a sentence; empty if there is a part
     */
    record Found(Optional<SampleIndex.FolderPart> part, String why) {
        static Found none(String why) {
            return new Found(Optional.empty(), why);
        }
    }

    Found found() {
        Path path = FileNames.resolve(root, folder.folder());
        if (folder.size() == 0) {
            return Found.none(path + " holds no images");
        }
        Path annotations = path.resolve(LeftOut.ANNOTATIONS);
        List<String> shared = shared();
        boolean byFolders = train.labelled()
                ? !shared.isEmpty()
                : shared.size() > 1 && list.isEmpty() && !Files.isRegularFile(annotations);
        if (byFolders) {
            list.ifPresent(file -> notices.accept("%s isn't used: %s has class folders".formatted(file, path)));
            tellDifference(path, shared);
            return new Found(Optional.of(folder), "");
        }
        Optional<Path> file = list.or(() -> Optional.of(annotations).filter(Files::isRegularFile));
        if (file.isEmpty()) {
            return Found.none(unlabelled(path));
        }
        try {
            ValLabels labels = new ValLabels(file.get(), root, folder, train);
            SampleIndex.FolderPart part = labels.part();
            labels.notes().forEach(notices);
            return new Found(Optional.of(part), "");
        } catch (UserError e) {
            return Found.none(e.getMessage());
        }
    }

    /** Class folders that train has too; all if train has none. */
    private List<String> shared() {
        ClassNames known = new ClassNames(train.classes());
        return folder.classes().stream()
                .filter(name -> !name.isEmpty() && (!train.labelled() || known.label(name) >= 0))
                .toList();
    }

    private String unlabelled(Path path) {
        List<String> classes =
                folder.classes().stream().filter(name -> !name.isEmpty()).toList();
        if (classes.isEmpty()) {
            return "%s has %d images without class folders; give their classes by --val-labels FILE"
                    .formatted(path, folder.size());
        }
        return train.labelled()
                ? "%s has no class folder of train's (it has %s)"
                        .formatted(path, LeftOut.first(classes, classes.size()))
                : "%s has the one class folder %s".formatted(path, classes.get(0));
    }

    private void tellDifference(Path path, List<String> shared) {
        if (!train.labelled()) {
            return;
        }
        ClassNames known = new ClassNames(shared);
        List<String> more = new ArrayList<>();
        int images = 0;
        for (int label = 0; label < folder.classes().size(); label++) {
            String name = folder.classes().get(label);
            if (!name.isEmpty() && known.label(name) < 0) {
                more.add(name);
                images += folder.classEnd(label) - folder.classEnd(label - 1);
            }
        }
        if (!more.isEmpty()) {
            notices.accept("left out: %d val %s of %s that train doesn't have (%s)"
                    .formatted(
                            images,
                            images == 1 ? "image" : "images",
                            more.size() == 1 ? "a class" : "classes",
                            LeftOut.first(more, more.size())));
        }
        List<String> lacking = ClassSelection.classes(train.classes()).stream()
                .filter(name -> known.label(name) < 0)
                .toList();
        if (!lacking.isEmpty()) {
            notices.accept("%s has no images of %d of train's classes (%s)"
                    .formatted(path, lacking.size(), LeftOut.first(lacking, lacking.size())));
        }
    }
}
