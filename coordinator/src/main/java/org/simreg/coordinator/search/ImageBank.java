package org.simreg.coordinator.search;

import java.nio.file.Path;
import java.util.Optional;
import org.simreg.proto.BankRecord;
import org.simreg.proto.Dataset;
import org.simreg.proto.ImageSource;
import org.simreg.proto.Split;
import org.simreg.proto.UserError;
import org.simreg.worker.data.FolderSource;
import org.simreg.worker.data.ImageFolder;
import org.simreg.worker.data.IndexProgress;
import org.simreg.worker.data.Splits;
import org.simreg.worker.data.Subset;

/** The beginning of a bank of images: who they are, and in which parts workers embed them. */
final class ImageBank {
    private ImageBank() {}

    /**
     * Lists the images and writes their names.
     *
     * @param record of the bank, with nothing but what was asked
     * @param parts that the bank is cut in; fewer if there are fewer images
     * @return the record with rows, classes and parts
     * @throws UserError if there is no such data set
     */
    static BankRecord begun(BankRecord record, int parts, BankFolders folders, Path indexCache) {
        ImageSource source = record.getSource().getImages();
        ImageFolder images = images(source, indexCache);
        Path root = Path.of(source.getDataset().getPath()).toAbsolutePath();
        Names.write(
                folders.names(record.getName()),
                images.size(),
                id -> root.relativize(images.file((int) id).toAbsolutePath()).toString());
        BankRecord.Builder begun =
                record.toBuilder()
                        .setRows(images.size())
                        .setNamed(true)
                        .setDataSha256(images.sha256());
        if (images.labelled()) {
            begun.addAllClasses(images.classNames());
        }
        cut(begun, images.size(), parts);
        return begun.build();
    }

    /** Adds parts of almost equal size. */
    static void cut(BankRecord.Builder record, int rows, int parts) {
        int count = Math.min(rows, parts);
        for (int part = 0; part < count; part++) {
            long first = (long) rows * part / count;
            long end = (long) rows * (part + 1) / count;
            record.addPartsBuilder().setFirstId(first).setRows((int) (end - first));
        }
    }

    private static ImageFolder images(ImageSource source, Path indexCache) {
        Dataset dataset = source.getDataset();
        Optional<Path> classes =
                Optional.of(dataset.getClassesFile()).filter(f -> !f.isEmpty()).map(Path::of);
        Splits splits =
                FolderSource.open(
                        Path.of(dataset.getPath()),
                        new Subset(dataset.getLimitClasses(), classes),
                        indexCache,
                        IndexProgress.SILENT);
        if (source.getSplit() == Split.TRAIN) {
            return splits.train();
        }
        return splits.val()
                .orElseThrow(
                        () ->
                                new UserError(
                                        "The data set %s has no val part with classes"
                                                .formatted(dataset.getPath())));
    }
}
