package org.simreg.worker.data.dataset;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.simreg.proto.UserError;
import org.simreg.worker.data.dataset.folder.FolderSource;

class ImageListTest {
    @TempDir
    Path temporary;

    private Tree tree;

    @BeforeEach
    void plant() {
        tree = new Tree(temporary);
    }

    @Test
    void samplesAreInTheByteOrderOfClassAndPath() {
        tree.files("train/b/2.jpg", "train/b/10.jpg", "train/b/x/1.png", "train/b/x.gif");
        tree.files("train/B/z.JPEG", "train/a b/w.webp", "train/b/notes.txt", "train/b/.hidden.jpg");
        tree.files("train/.git/a.jpg", "train/b/.ipynb_checkpoints/a.jpg");
        ImageList train = tree.open().train();
        assertEquals(List.of("B", "a b", "b"), train.classNames());
        assertEquals(
                List.of(
                        "train/B/z.JPEG",
                        "train/a b/w.webp",
                        "train/b/10.jpg",
                        "train/b/2.jpg",
                        "train/b/x.gif",
                        "train/b/x/1.png"),
                tree.paths(train));
        assertEquals(List.of(0, 1, 2, 2, 2, 2), labels(train));
        assertTrue(train.labelled());
        assertTrue(
                tree.notes()
                        .contains(
                                "left out: 2 folders whose names start with a dot (train/.git, train/b/.ipynb_checkpoints)"),
                tree.notes()::toString);
        assertThrows(IndexOutOfBoundsException.class, () -> train.path(6));
    }

    private static List<Integer> labels(ImageList images) {
        return IntStream.range(0, images.size()).map(images::label).boxed().toList();
    }

    @Test
    void labelsOfValCountInTheClassesOfTrain() {
        tree.files("train/ant/1.jpg", "train/bee/1.jpg", "train/cat/1.jpg");
        tree.files("val/cat/1.jpg", "val/bee/1.jpg", "val/bee/2.jpg");
        ImageList val = tree.open().val().orElseThrow();
        assertEquals(List.of("ant", "bee", "cat"), val.classNames());
        assertEquals(List.of(1, 1, 2), labels(val));
    }

    @Test
    void foldersWithoutATrainFolderAreClasses() {
        tree.files("ant/1.jpg", "bee/1.jpg", "bee/2.jpg", "empty/readme.txt");
        ImageDataset splits = tree.open();
        assertEquals(List.of("ant", "bee"), splits.train().classNames());
        assertEquals(List.of("ant/1.jpg", "bee/1.jpg", "bee/2.jpg"), tree.paths(splits.train()));
        assertEquals(Optional.empty(), splits.val());
    }

    @Test
    void oneFolderOfImagesHasNoLabels() {
        tree.files("2.jpg", "1.jpg", "readme.txt");
        ImageDataset splits = tree.open();
        assertEquals(List.of("1.jpg", "2.jpg"), tree.paths(splits.train()));
        assertFalse(splits.train().labelled());
        assertEquals(List.of(""), splits.train().classNames());
        assertEquals(List.of(0, 0), labels(splits.train()));
        ImageDataset.Subset subset = new ImageDataset.Subset(3, Optional.empty());
        assertThrows(UserError.class, () -> tree.open(subset));
    }

    @Test
    void aFolderThatIsNoDataSetIsRefusedWithTheLayouts() throws IOException {
        assertTrue(refusal().contains("is no folder; a data set is train/CLASS/*"));
        Files.createDirectories(tree.root.resolve("train"));
        assertTrue(refusal().contains("holds no images"));
        assertTrue(refusal().contains("train/CLASS/*"));
    }

    @ParameterizedTest
    @CsvSource({
        "a.zip, 'it is an archive: unpack it'",
        "a.tar.gz, 'it is an archive: unpack it'",
        "a.tar, write tar:",
        "a.PNG, it is one image: name its folder",
        "a.txt, 'write list:'"
    })
    void aFileInPlaceOfAFolderIsRefusedWithTheWay(String name, String expected) throws IOException {
        Path file = Files.createFile(temporary.resolve(name));
        String message = assertThrows(UserError.class, () -> open(file)).getMessage();
        assertTrue(message.contains("is no folder; " + expected), message);
    }

    @Test
    void anAddressThatIsNotReadIsRefusedWithTheWay() {
        String message = assertThrows(UserError.class, () -> open(Path.of("https://example.org/images")))
                .getMessage();
        assertTrue(message.contains("such addresses aren't read: download it"), message);
    }

    private void open(Path data) {
        FolderSource.open(data, ImageDataset.Subset.ALL, tree.cache, ImageDataset.IndexProgress.SILENT, note -> {});
    }

    private String refusal() {
        return assertThrows(UserError.class, tree::open).getMessage();
    }

    @Test
    void theFirstClassesInNameOrderAreASubset() {
        tree.files("train/c/1.jpg", "train/a/1.jpg", "train/b/1.jpg", "train/b/2.jpg", "val/b/1.jpg");
        ImageDataset splits = tree.open(new ImageDataset.Subset(2, Optional.empty()));
        assertEquals(List.of("a", "b"), splits.train().classNames());
        assertEquals(3, splits.train().size());
        assertEquals(List.of("val/b/1.jpg"), tree.paths(splits.val().orElseThrow()));
        assertEquals(
                4,
                tree.open(new ImageDataset.Subset(9, Optional.empty())).train().size());
    }

    @Test
    void aClassesFileSelectsAndRenumbers() throws IOException {
        tree.files("train/a/1.jpg", "train/b/1.jpg", "train/c/1.jpg", "train/d/1.jpg", "val/a/1.jpg");
        Path file = temporary.resolve("some.txt");
        Files.writeString(file, "# two of four\nd\n\n  b \nd\n");
        ImageDataset splits = tree.open(new ImageDataset.Subset(0, Optional.of(file)));
        assertEquals(List.of("b", "d"), splits.train().classNames());
        assertEquals(List.of("train/b/1.jpg", "train/d/1.jpg"), tree.paths(splits.train()));
        assertEquals(List.of(0, 1), labels(splits.train()));
        assertEquals(Optional.empty(), splits.val(), "val has none of the chosen classes");
    }

    @Test
    void unknownClassesAreListedInOneErrorWithTheNearestNames() throws IOException {
        tree.files("train/tabby cat/1.jpg", "train/tiger/1.jpg");
        Path file = temporary.resolve("some.txt");
        Files.writeString(file, "taby cat\nzzzzzz\ntiger\n");
        ImageDataset.Subset subset = new ImageDataset.Subset(0, Optional.of(file));
        String message = assertThrows(UserError.class, () -> tree.open(subset)).getMessage();
        assertTrue(message.contains("taby cat (nearest: tabby cat), zzzzzz"), message);
        Files.writeString(file, "\n");
        assertTrue(assertThrows(UserError.class, () -> tree.open(subset))
                .getMessage()
                .contains("no class"));
    }

    @Test
    void aSecondStartListsNoFolder() {
        tree.files("train/a/1.jpg", "train/b/x/1.jpg", "val/a/1.jpg").settled();
        List<String> first = tree.paths(tree.open().train());
        assertEquals(7, tree.listed(), "root, train, val, and four below");
        ImageDataset second = tree.open();
        assertEquals(0, tree.listed());
        assertEquals(first, tree.paths(second.train()));
        assertEquals(List.of("val/a/1.jpg"), tree.paths(second.val().orElseThrow()));
        assertEquals(
                1,
                tree.open(new ImageDataset.Subset(1, Optional.empty())).train().size());
        assertEquals(0, tree.listed(), "a subset needs no index of its own");
    }

    @Test
    void aNewFileInANestedFolderIsFound() {
        tree.files("train/a/1.jpg", "train/b/x/1.jpg").settled();
        tree.open();
        tree.files("train/b/x/2.jpg");
        assertEquals(3, tree.open().train().size());
        assertTrue(tree.listed() > 0);
    }

    @Test
    void aRemovedFolderIsNoticed() throws IOException {
        tree.files("train/a/1.jpg", "train/b/x/1.jpg").settled();
        tree.open();
        Files.delete(tree.root.resolve("train/b/x/1.jpg"));
        Files.delete(tree.root.resolve("train/b/x"));
        assertEquals(List.of("a"), tree.open().train().classNames());
    }

    @Test
    void aFolderThatHasJustChangedIsListedAgain() {
        tree.files("train/a/1.jpg").settled();
        tree.files("train/a/2.jpg");
        tree.open();
        assertEquals(List.of(), tree.cached(), "a change in the same tick of the clock would not show");
    }

    @Test
    void aDamagedIndexIsBuiltAgain() throws IOException {
        tree.files("train/a/1.jpg", "train/b/1.jpg").settled();
        tree.open();
        Path file = tree.cached().get(0);
        byte[] good = Files.readAllBytes(file);
        for (int at = 0; at < good.length; at += 3) {
            byte[] bad = good.clone();
            bad[at] ^= 0x11;
            Files.write(file, bad);
            assertEquals(2, tree.open().train().size());
            assertTrue(tree.listed() > 0, "a changed byte at " + at + " went unnoticed");
        }
        Files.write(file, Arrays.copyOf(good, good.length / 2));
        assertEquals(2, tree.open().train().size());
        assertEquals(4, tree.listed());
        tree.open();
        assertEquals(0, tree.listed());
    }

    @Test
    void manyDataSetsShareACacheFolder() {
        Tree other = new Tree(temporary.resolve("other"));
        tree.files("a/1.jpg").settled();
        other.files("b/1.jpg", "c/1.jpg").settled();
        for (int i = 0; i < 2; i++) {
            assertEquals(1, tree.open().train().size());
            int size = FolderSource.open(
                            other.root,
                            ImageDataset.Subset.ALL,
                            tree.cache,
                            ImageDataset.IndexProgress.SILENT,
                            note -> {})
                    .train()
                    .size();
            assertEquals(2, size);
        }
        assertEquals(2, tree.cached().size());
        assertEquals(0, tree.listed());
    }

    @Test
    void aCacheThatCanNotBeWrittenOnlyCostsTheNextStart() throws IOException {
        tree.files("a/1.jpg").settled();
        Files.writeString(tree.cache, "a file where the folder should be");
        assertEquals(1, tree.open().train().size());
    }

    @Test
    void theDigestIsOfClassesAndNamesInOrderAndOfNothingElse() {
        tree.files("train/ant/1.jpg", "train/bee/2.jpg", "val/ant/1.jpg").write("notes.txt", new byte[3]);
        String digest = tree.open().sha256();
        Tree moved = new Tree(temporary.resolve("moved"));
        moved.write("train/ant/1.jpg", new byte[5]).files("train/bee/2.jpg", "val/bee/7.jpg");
        assertEquals(digest, moved.open().sha256());
        assertEquals(64, digest.length());
        Tree renamed = new Tree(temporary.resolve("renamed"));
        renamed.files("train/ant/1.jpg", "train/bee/3.jpg");
        assertNotEquals(digest, renamed.open().sha256());
        Tree sorted = new Tree(temporary.resolve("sorted"));
        sorted.files("train/ant/1.jpg", "train/ant/2.jpg", "train/bee/2.jpg");
        assertNotEquals(digest, sorted.open().sha256());
        assertNotEquals(
                digest, tree.open(new ImageDataset.Subset(1, Optional.empty())).sha256());
    }
}
