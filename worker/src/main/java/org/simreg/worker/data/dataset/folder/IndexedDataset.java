package org.simreg.worker.data.dataset.folder;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import org.simreg.proto.UserError;
import org.simreg.worker.data.dataset.ClassSelection;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.dataset.SampleIndex;
import org.simreg.worker.data.dataset.SampleSource;

/**
 * An index on its way to a data set: the choice of classes, and whether val can be evaluated.
 *
 * @param root folder of the data set; of other sources the place that messages name
 * @param shown what the data set is called
 * @param parts train, and the folder of val if there is one
 * @param source gives what reads the samples of a part
 */
public record IndexedDataset(
        Path root,
        String shown,
        List<SampleIndex.FolderPart> parts,
        BiFunction<SampleIndex.FolderPart, ImageList, SampleSource> source) {
    /**
     * The data set of the chosen classes.
     *
     * @param notices takes a sentence about everything that is left out or understood otherwise than literally
     * @throws UserError if the subset names unknown classes; never for what is wrong with val
     */
    public ImageDataset open(ImageDataset.Subset subset, Consumer<String> notices) {
        SampleIndex.FolderPart train = parts.get(0);
        List<String> chosen = new ClassSelection(train, root).chosen(subset, notices);
        ImageList images = images(train, chosen);
        if (parts.size() == 1) {
            return new ImageDataset(images, Optional.empty(), shown + " has no val folder");
        }
        ValPart.Found found = new ValPart(root, parts.get(1), train, subset.valLabels(), notices).found();
        Optional<ImageList> val = found.part()
                .map(part -> images(part, train.labelled() ? chosen : ClassSelection.classes(part.classes())))
                .filter(part -> part.size() > (train.labelled() ? 0 : 1));
        String why =
                found.part().isPresent() && val.isEmpty() ? "val has no images of the chosen classes" : found.why();
        return new ImageDataset(images, val, why);
    }

    private ImageList images(SampleIndex.FolderPart part, List<String> classes) {
        return new ImageList(shown, part, classes, images -> source.apply(part, images));
    }
}
