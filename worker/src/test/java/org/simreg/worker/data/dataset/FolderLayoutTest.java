package org.simreg.worker.data.dataset;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.UserError;

/** What folders of images look like that people have, and what is read in them. */
class FolderLayoutTest {
    @TempDir
    Path temporary;

    private Tree tree;

    @BeforeEach
    void plant() {
        tree = new Tree(temporary);
    }

    private List<String> train() {
        return tree.paths(tree.open().train());
    }

    private List<String> val() {
        return tree.paths(tree.open().val().orElseThrow());
    }

    @Test
    void splitsGoByOtherNamesInAnyCase() {
        for (String train : List.of("train", "training", "Train", "TRAIN", "Training")) {
            for (String val : List.of("val", "valid", "validation", "dev", "test", "eval", "Val", "VALID", "Testing")) {
                Tree one = new Tree(temporary.resolve(train + "-" + val));
                one.files(train + "/ant/1.jpg", train + "/bee/1.jpg", val + "/bee/2.jpg");
                ImageDataset found = one.open();
                assertEquals(List.of("ant", "bee"), found.train().classNames());
                assertEquals(List.of(train + "/ant/1.jpg", train + "/bee/1.jpg"), one.paths(found.train()));
                assertEquals(List.of(val + "/bee/2.jpg"), one.paths(found.val().orElseThrow()));
                boolean usual = train.equals("train") && val.equals("val");
                String said = "taken: train images of " + train + ", val images of " + val;
                assertEquals(!usual, one.notes().contains(said), one.notes().toString());
            }
        }
    }

    @Test
    void valIsTakenBeforeTestAndTheOtherFoldersAreNamed() {
        tree.files("train/ant/1.jpg", "test/ant/2.jpg", "val/ant/3.jpg", "extra/4.jpg");
        assertEquals(List.of("val/ant/3.jpg"), val());
        assertTrue(tree.notes().contains("left out: 2 folders beside train (extra, test)"), tree.notes()::toString);
    }

    @Test
    void anUnpackedArchiveIsReadOneFolderDeeper() {
        tree.files("imagenette2/train/ant/1.jpg", "imagenette2/val/ant/2.jpg", "__MACOSX/imagenette2/._train");
        assertEquals(List.of("imagenette2/train/ant/1.jpg"), train());
        assertEquals(List.of("imagenette2/val/ant/2.jpg"), val());
        assertTrue(
                tree.notes().contains("taken: train images of imagenette2/train, val images of imagenette2/val"),
                tree.notes()::toString);
        Tree two = new Tree(temporary.resolve("two")).files("a/b/Train/ant/1.jpg", "a/b/Test/ant/1.jpg");
        assertEquals(List.of("a/b/Train/ant/1.jpg"), two.paths(two.open().train()));
    }

    @Test
    void classesThatAreCalledLikeSplitsStayClasses() {
        tree.files("training/1.jpg", "running/1.jpg", "swimming/1.jpg");
        assertEquals(
                List.of("running", "swimming", "training"), tree.open().train().classNames());
        Tree vehicles =
                new Tree(temporary.resolve("v")).files("vehicles/train/1.jpg", "vehicles/car/2.jpg", "pets/3.jpg");
        assertEquals(List.of("pets", "vehicles"), vehicles.open().train().classNames());
        Tree sets = new Tree(temporary.resolve("s"));
        sets.files("woof/train/a/1.jpg", "woof/val/a/1.jpg", "nette/train/a/1.jpg", "nette/val/a/1.jpg");
        assertEquals(List.of("nette", "woof"), sets.open().train().classNames());
    }

    @Test
    void picturesBesideClassFoldersAreLeftOut() {
        tree.files("train/ant/1.jpg", "train/bee/1.jpg", "train/overview.png", "train/b.png", "val/ant/1.jpg");
        assertEquals(List.of("train/ant/1.jpg", "train/bee/1.jpg"), train());
        assertTrue(
                tree.notes().contains("left out: 2 pictures beside the class folders in train (b.png, ..)"),
                tree.notes()::toString);
        Tree flat = new Tree(temporary.resolve("flat")).files("1.jpg", "2.jpg", "lists/all.txt");
        assertEquals(List.of("1.jpg", "2.jpg"), flat.paths(flat.open().train()));
        assertFalse(flat.open().train().labelled());
    }

    @Test
    void whatIsLeftOutIsCountedByEndingInOneLine() {
        tree.files("train/a/1.jpg", "train/a/1.txt", "train/a/2.TXT", "train/b/1.png", "train/b/1.json");
        tree.files("train/b/data", "val/a/3.txt", "val/a/1.jpg", "train/b/.DS_Store", "train/b/._1.png");
        train();
        assertEquals(
                List.of(
                        "left out: 3 .txt, 1 without an ending, 1 .json",
                        "left out: 1 picture whose name starts with a dot (train/b/._1.png)",
                        "val has no images of 1 of train's classes (b)"),
                tree.notes());
    }

    /** Synology's thumbnails, what macOS puts into zips, and what other systems keep. */
    @Test
    void foldersOfSystemsAreNoClasses() {
        tree.files("train/a/1.jpg", "train/a/@eaDir/1.jpg/SYNO_THUMB.jpg", "train/@eaDir/x.jpg", "val/a/1.jpg");
        tree.files("train/__MACOSX/a/1.jpg", "train/lost+found/2.jpg");
        assertEquals(List.of("train/a/1.jpg"), train());
        assertEquals(
                List.of("left out: 4 folders that a system keeps for itself (train/@eaDir, train/__MACOSX,"
                        + " train/a/@eaDir, ..)"),
                tree.notes());
    }

    @Test
    void whatADataSetSaysAboutItselfIsNoNews() {
        tree.files("train/a/1.jpg", "val/a/1.jpg", "README.md", "LICENSE", "train/a/License.txt", "train/a/Thumbs.db");
        train();
        assertEquals(List.of(), tree.notes());
    }

    @Test
    void theRootOfKagglesArchiveIsReadWhereItsImagesAre() {
        tree.files("ILSVRC/Data/CLS-LOC/train/n01/1.JPEG", "ILSVRC/Data/CLS-LOC/train/n02/1.JPEG");
        tree.files("ILSVRC/Data/CLS-LOC/val/2.JPEG", "ILSVRC/Data/CLS-LOC/test/3.JPEG");
        tree.files("ILSVRC/Annotations/CLS-LOC/val/2.xml", "ILSVRC/ImageSets/CLS-LOC/val.txt", "LOC_val_solution.csv");
        List<String> images = List.of("ILSVRC/Data/CLS-LOC/train/n01/1.JPEG", "ILSVRC/Data/CLS-LOC/train/n02/1.JPEG");
        ImageDataset found = tree.open();
        assertEquals(images, tree.paths(found.train()));
        assertEquals(List.of("n01", "n02"), found.train().classNames());
        assertTrue(found.noVal().contains("--val-labels"), found.noVal());
    }

    @Test
    void allFormatsOfTorchvisionsListAreTaken() {
        List<String> endings =
                List.of("JPG", "bmp", "gif", "jfif", "jpe", "jpeg", "jpg", "pgm", "png", "ppm", "tif", "tiff", "webp");
        endings.forEach(ending -> tree.files("a/1." + ending));
        tree.files("a/1.pbm", "a/1.npy");
        assertEquals(endings.stream().map(ending -> "a/1." + ending).toList(), train());
    }

    @Test
    void aClassOfOneSplitOnlyIsNoted() {
        tree.files("train/ant/1.jpg", "train/bee/1.jpg", "val/ant/1.jpg", "val/wasp/1.jpg", "val/wasp/2.jpg");
        assertEquals(List.of("val/ant/1.jpg"), val());
        assertEquals(
                List.of(
                        "left out: 2 val images of a class that train doesn't have (wasp)",
                        "val has no images of 1 of train's classes (bee)"),
                tree.notes());
    }

    @Test
    void classFoldersWithoutImagesAreNoted() throws IOException {
        tree.files("train/ant/1.jpg", "train/bee/notes.txt");
        Files.createDirectories(tree.root.resolve("train/cat/deep"));
        assertEquals(List.of("ant"), tree.open().train().classNames());
        assertTrue(
                tree.notes().contains("left out: 2 class folders without images in train (bee, cat)"),
                tree.notes()::toString);
    }

    @Test
    void aFolderWithThePicturesNameIsAFolder() {
        tree.files("train/x.jpg/1.jpg", "train/ant/y.png/2.jpg", "train/ant/3.jpg");
        assertEquals(List.of("train/ant/3.jpg", "train/ant/y.png/2.jpg", "train/x.jpg/1.jpg"), train());
    }

    @Test
    void linksThatLeadNowhereOrBackAreLeftOut() throws IOException {
        tree.files("train/ant/1.jpg");
        Path ant = tree.root.resolve("train/ant");
        Files.createSymbolicLink(ant.resolve("2.jpg"), Path.of("gone.jpg"));
        Files.createSymbolicLink(ant.resolve("3.jpg"), Path.of("1.jpg"));
        Files.createSymbolicLink(ant.resolve("up"), tree.root);
        Files.createSymbolicLink(ant.resolve("self"), Path.of("self"));
        Files.createSymbolicLink(tree.root.resolve("train/bee"), ant);
        assertEquals(List.of("train/ant/1.jpg", "train/ant/3.jpg", "train/bee/1.jpg", "train/bee/3.jpg"), train());
        assertEquals(
                List.of(
                        "left out: 4 links that lead nowhere (train/ant/2.jpg, train/ant/self, train/bee/2.jpg, ..)",
                        "left out: 2 links that lead back to a folder above them (train/ant/up, train/bee/up)"),
                tree.notes());
    }

    @Test
    void anythingAboutValIsAReasonAndNoError() throws IOException {
        tree.files("train/ant/1.jpg");
        noVal("images has no val folder");
        Files.createDirectories(tree.root.resolve("val"));
        noVal("val holds no images");
        tree.files("val/1.jpg", "val/2.jpg");
        noVal("val has 2 images without class folders; give their classes by --val-labels FILE");
        tree.files("val/wasp/2.jpg");
        noVal("val has no class folder of train's (it has wasp)");
        ImageDataset.Subset list = new ImageDataset.Subset(0, Optional.empty(), Optional.of(Path.of("no-such.csv")));
        assertTrue(tree.open(list).noVal().contains("no-such.csv can't be read"), tree.open(list)::noVal);
        assertEquals(1, tree.open(list).train().size());
    }

    private void noVal(String why) {
        ImageDataset found = tree.open();
        assertEquals(Optional.empty(), found.val());
        assertEquals(why, found.noVal().replace(tree.root + "/", "").replace(tree.root + " ", "images "));
    }

    @Test
    void anUnlabelledTrainHasALabelledVal() {
        tree.files("train/1.jpg", "train/2.jpg", "val/ant/1.jpg", "val/bee/1.jpg", "val/bee/2.jpg");
        ImageDataset found = tree.open();
        assertFalse(found.train().labelled());
        assertEquals(List.of("ant", "bee"), found.val().orElseThrow().classNames());
        assertEquals(1, found.val().orElseThrow().label(2));
    }

    @Test
    void aFolderOfArchivesSaysHowToUnpackThem() {
        tree.files("train/n01440764.tar", "train/n01443537.tar");
        String message = assertThrows(UserError.class, tree::open).getMessage();
        assertTrue(
                message.contains("train holds archives (2 .tar) and no images; shards are read where they lie by tar:"),
                message);
        assertTrue(message.contains("train/*.tar, and of an archive a class unpack each into a folder"), message);
        Tree other = new Tree(temporary.resolve("other")).files("train/a.parquet", "train/b.parquet");
        String found = assertThrows(UserError.class, other::open).getMessage();
        assertTrue(found.contains("it holds 2 .parquet, which are named 'parquet:"), found);
    }

    @Test
    void twoUnicodeFormsOfANameAreOneClass() {
        String composed = "b\u00E4r";
        String decomposed = "ba\u0308r";
        tree.files("train/" + composed + "/1.jpg", "train/ant/1.jpg", "val/" + decomposed + "/2.jpg");
        assertEquals(List.of("val/" + decomposed + "/2.jpg"), val());
        assertEquals(1, tree.open().val().orElseThrow().label(0));
        tree.files("train/" + decomposed + "/3.jpg");
        ImageList train = tree.open().train();
        assertEquals(List.of("ant", decomposed), train.classNames());
        assertEquals(
                List.of("train/ant/1.jpg", "train/" + decomposed + "/3.jpg", "train/" + composed + "/1.jpg"),
                tree.paths(train));
        assertEquals(1, train.label(2));
        assertTrue(tree.notes().stream().anyMatch(note -> note.contains("are one class")), tree.notes()::toString);
    }

    @Test
    void classListsHaveMarksLineEndsAndWordsBehindTheNames() throws IOException {
        tree.files("train/ant/1.jpg", "train/bee/1.jpg", "train/tabby cat/1.jpg", "train/dog/1.jpg");
        assertEquals(List.of("ant", "bee"), chosen("\uFEFFant\r\nbee\r\n\r\n".getBytes(StandardCharsets.UTF_8)));
        assertEquals(List.of(), tree.notes());
        assertEquals(List.of("ant", "bee"), chosen("\uFEFFbee\r\nant\r\n".getBytes(StandardCharsets.UTF_16LE)));
        String words = "ant  the insect\nbee, the other one\ntabby cat\tcat\n";
        assertEquals(List.of("ant", "bee", "tabby cat"), chosen(words.getBytes(StandardCharsets.UTF_8)));
        assertTrue(
                tree.notes().get(0).startsWith("3 of 3 lines of")
                        && tree.notes().get(0).endsWith("such as \"ant  the insect\": taken as ant"),
                tree.notes()::toString);
    }

    private List<String> chosen(byte[] list) throws IOException {
        Path file = temporary.resolve("classes.txt");
        Files.write(file, list);
        return tree.open(new ImageDataset.Subset(0, Optional.of(file))).train().classNames();
    }

    @Test
    void notesAreToldAgainFromAStoredIndex() {
        tree.files("train/a/1.jpg", "train/a/1.txt").settled();
        tree.open();
        List<String> first = tree.notes();
        tree.open();
        assertEquals(0, tree.listed());
        assertEquals(List.of("left out: 1 .txt"), first);
        assertEquals(first, tree.notes());
    }
}
