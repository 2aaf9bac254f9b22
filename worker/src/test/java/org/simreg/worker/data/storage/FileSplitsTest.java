package org.simreg.worker.data.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.Dataset;
import org.simreg.proto.Roots;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.dataset.Tars;

/** Tars and folders as train and val by their names; {@link ParquetTest} has those of Parquet. */
class FileSplitsTest {
    @TempDir
    Path folder;

    private final List<String> notes = new ArrayList<>();

    private ImageDataset open(String... sources) {
        notes.clear();
        return DatasetOpener.local(
                Dataset.newBuilder().addAllPath(List.of(sources)).build(),
                new DatasetOpener.Local(folder.resolve("cache"), Roots.ANYWHERE, ImageDataset.IndexProgress.SILENT),
                notes::add);
    }

    private static List<String> paths(ImageList images) {
        return IntStream.range(0, images.size()).mapToObj(images::path).toList();
    }

    /** Files and folders of many samples that are called train and val, in one source or in several. */
    @Test
    void filesAreSplitsByTheirNames() throws IOException {
        for (String split : List.of("train", "val")) {
            new Tars()
                    .add("ant/" + split + ".jpg", split)
                    .add("bee/" + split + ".jpg", split)
                    .write(folder.resolve("pets-" + split + "-000.tar"));
            new Tars()
                    .add(split + ".jpg", split)
                    .add(split + ".cls", "0")
                    .write(folder.resolve("wds-" + split + ".tar"));
            for (String label : List.of("ant", "bee")) {
                Path image =
                        folder.resolve("tree").resolve(split).resolve(label).resolve(split + ".jpg");
                Files.createDirectories(image.getParent());
                Files.writeString(image, split);
            }
        }
        List<String> train = List.of("train/ant/train.jpg", "train/bee/train.jpg");
        List<String> val = List.of("val/ant/val.jpg", "val/bee/val.jpg");
        for (List<String> sources : List.of(
                List.of("tar:" + folder + "/pets-*.tar"),
                List.of("tar:" + folder + "/pets-train-*.tar", "tar:" + folder + "/pets-val-*.tar"),
                List.of(folder + "/tree/train", folder + "/tree/val"))) {
            ImageDataset found = open(sources.toArray(String[]::new));
            assertEquals(train, paths(found.train()), notes::toString);
            assertEquals(val, paths(found.val().get()), notes::toString);
            assertEquals(
                    1,
                    notes.stream()
                            .filter(note -> note.contains("taken by the files' names"))
                            .count());
        }
        ImageDataset labelled = open("tar:" + folder + "/wds-*.tar");
        assertEquals(List.of("train/0/train.jpg"), paths(labelled.train()));
        assertEquals(List.of("val/0/val.jpg"), paths(labelled.val().get()));
        // One whose name says nothing: all are one set.
        new Tars().add("ant/more.jpg", "more").write(folder.resolve("pets-more.tar"));
        assertEquals(5, open("tar:" + folder + "/pets-*.tar").train().size());
    }

    @Test
    void ofSamplesWithClassesOfTheirOwnTheFoldersOfTheirPathsAreSplits() throws IOException {
        List<String> lines = new ArrayList<>();
        for (String path :
                List.of("sets/Train/ant/1.jpg", "sets/Train/bee/2.jpg", "sets/val/ant/1.jpg", "sets/test/bee/2.jpg")) {
            Path file = folder.resolve(path);
            Files.createDirectories(file.getParent());
            Files.writeString(file, path);
            lines.add(path + "\t" + path.split("/")[2]);
        }
        Path list = Files.write(folder.resolve("all.tsv"), lines);
        ImageDataset found = open("list:" + list);
        assertEquals(List.of("train/ant/1.jpg", "train/bee/2.jpg"), paths(found.train()));
        assertEquals(List.of("val/ant/1.jpg"), paths(found.val().get()));
        assertTrue(
                notes.contains("list:" + list
                        + ": taken by the paths' folders: train images of Train/, val images of val/, left out: test/"),
                notes::toString);
        // Classes that are called so are no splits.
        Files.write(
                list,
                lines.stream()
                        .map(line -> line.split("\t")[0] + "\t" + line.split("/")[1])
                        .toList());
        assertEquals(4, open("list:" + list).train().size());
    }

    private void shards(String... names) throws IOException {
        for (String name : names) {
            Path file = folder.resolve(name);
            Files.createDirectories(file.getParent());
            new Tars().add("ant/a.jpg", "a").add("bee/b.jpg", "b").write(file);
        }
    }

    @Test
    void aFolderOfShardsIsReadByTheSourceThatReadsThem() throws IOException {
        shards("flat/0.tar", "flat/.git/x.tar", "deep/train/0.tar", "deep/val/0.tar", "one/data/0.tar");
        new Tars().add("ant/c.jpg", "c").write(folder.resolve("flat/1.tar"));
        ImageDataset flat = open(folder + "/flat");
        assertEquals(3, flat.train().size());
        assertEquals(
                "%1$s/flat holds 2 .tar and no pictures, and is read as tar:%1$s/flat/*.tar".formatted(folder),
                notes.get(0));
        ImageDataset deep = open(folder + "/deep");
        assertEquals(
                "%1$s/deep holds 2 .tar and no pictures, and is read as tar:%1$s/deep/{train,val}/*.tar"
                        .formatted(folder),
                notes.get(0));
        assertEquals(List.of("train/ant/a.jpg", "train/bee/b.jpg"), paths(deep.train()));
        assertEquals(List.of("val/ant/a.jpg", "val/bee/b.jpg"), paths(deep.val().get()));
        assertEquals(2, open(folder + "/one").train().size());
        ImageDataset both = open(folder + "/deep/train", folder + "/deep/val");
        assertEquals(List.of("val/ant/a.jpg", "val/bee/b.jpg"), paths(both.val().get()));
    }

    @Test
    void aFolderWithPicturesStaysAFolder() throws IOException {
        shards("mixed/train/ant/0.tar", "mixed/1.tar", "beside/1.tar", "classes/ant/0.tar");
        for (String image : List.of("mixed/train/ant/a.jpg", "beside/a.jpg", "classes/bee/a.jpg")) {
            Path file = folder.resolve(image);
            Files.createDirectories(file.getParent());
            Files.writeString(file, "a");
        }
        for (String each : List.of("mixed", "beside", "classes")) {
            assertEquals(1, open(folder + "/" + each).train().size(), each);
            assertTrue(notes.stream().noneMatch(note -> note.contains("is read as tar:")), notes::toString);
        }
    }
}
