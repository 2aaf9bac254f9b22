package org.simreg.worker.data.dataset;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.zip.DeflaterOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Lists of the classes of a val without class folders, in the formats that they come in. */
class ValLabelsTest {
    @TempDir
    Path temporary;

    private Tree tree;

    @BeforeEach
    void plant() {
        tree = new Tree(temporary);
        tree.files("train/n01/1.jpg", "train/n02/1.jpg", "train/n03/1.jpg");
    }

    private void flat(int first, int count) {
        IntStream.range(first, first + count).forEach(i -> tree.files("val/ILSVRC2012_val_%08d.JPEG".formatted(i)));
    }

    private ImageDataset open(String list) {
        try {
            Files.writeString(temporary.resolve("list"), list);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return tree.open(new ImageDataset.Subset(0, Optional.empty(), Optional.of(temporary.resolve("list"))));
    }

    /** "class:last digits of the name", in the order of ids. */
    private static List<String> labels(ImageDataset found) {
        ImageList val = found.val().orElseThrow(() -> new AssertionError(found.noVal()));
        return IntStream.range(0, val.size())
                .mapToObj(id ->
                        val.classNames().get(val.label(id)) + ":" + val.name(id).replaceAll(".*0(\\d)\\.JPEG", "$1"))
                .toList();
    }

    @Test
    void tinyImageNetIsReadAsUnpacked() {
        tree.files("val/images/val_0.JPEG", "val/images/val_1.JPEG", "val/images/val_2.JPEG");
        tree.files("train/n01/images/n01_0.JPEG", "train/n01/n01_boxes.txt", "test/images/test_0.JPEG");
        String list = "val_2.JPEG\tn01\t0\t32\t44\t62\nval_0.JPEG\tn03\t0\t0\t1\t1\nval_1.JPEG\tn01\t0\t0\t1\t1\n";
        tree.write("val/val_annotations.txt", list.getBytes(StandardCharsets.UTF_8));
        ImageDataset found = tree.open();
        ImageList val = found.val().orElseThrow();
        assertEquals(
                List.of("val/images/val_1.JPEG", "val/images/val_2.JPEG", "val/images/val_0.JPEG"), tree.paths(val));
        assertEquals(List.of(0, 0, 2), List.of(val.label(0), val.label(1), val.label(2)));
        assertTrue(Files.exists(tree.root.resolve(val.path(0))));
        assertEquals(4, found.train().size());
        assertTrue(tree.notes().contains("left out: 1 .txt"), tree.notes()::toString);
    }

    @Test
    void theCommonCsvIsRead() {
        flat(1, 3);
        String csv = "ImageId,PredictionString\r\nILSVRC2012_val_00000002,n03 85 1 499 272 \r\n"
                + "ILSVRC2012_val_00000001,n01 1 2 3 4 n01 5 6 7 8 \r\nILSVRC2012_val_00000003,n01 1 1 1 1\r\n";
        assertEquals(List.of("n01:1", "n01:3", "n03:2"), labels(open(csv)));
    }

    @Test
    void aListOfNamesAndClassesIsReadInEitherOrder() {
        flat(1, 2);
        assertEquals(
                List.of("n01:2", "n02:1"),
                labels(open("ILSVRC2012_val_00000001.JPEG n02\nILSVRC2012_val_00000002.JPEG n01\n")));
        assertEquals(
                List.of("n01:2", "n02:1"),
                labels(open("n02 val/ILSVRC2012_val_00000001.JPEG\nn01 val/ILSVRC2012_val_00000002.JPEG\n")));
        assertEquals(
                List.of("n01:2", "n03:1"),
                labels(open("ILSVRC2012_val_00000001.JPEG 2\nILSVRC2012_val_00000002.JPEG 0\n")));
        assertEquals(
                List.of("n02:2", "n03:1"),
                labels(
                        open(
                                "\uFEFF\"file\",\"class\"\r\n\"val\\ILSVRC2012_val_00000001.JPEG\",\"n03\"\r\n\"val\\ILSVRC2012_val_00000002.JPEG\",\"n02\"\r\n")));
    }

    @Test
    void whatTheListDoesNotNameIsLeftOutWithANote() {
        flat(1, 3);
        assertEquals(List.of("n02:1"), labels(open("ILSVRC2012_val_00000001.JPEG n02\nother.JPEG n02\n")));
        assertTrue(
                tree.notes().stream().anyMatch(note -> note.startsWith("left out: 2 of 3 val images")),
                tree.notes()::toString);
        assertTrue(open("nothing here\n").noVal().contains("names no class of the 3 images"));
    }

    @Test
    void theGroundTruthOfTheDevelopmentKitNeedsItsNumbers() throws IOException {
        flat(1, 3);
        assertTrue(
                open("2\n1\n2\n").noVal().contains("meta.mat"),
                open("2\n1\n2\n").noVal());
        Files.writeString(temporary.resolve("map_clsloc.txt"), "n03 1 kit_fox\nn01 2 setter\nn02 3 husky\n");
        assertEquals(List.of("n01:1", "n01:3", "n03:2"), labels(open("2\n1\n2\n")));
    }

    @Test
    void aClassNameALineIsReadInTheOrderOfTheImages() {
        flat(1, 3);
        assertEquals(List.of("n01:3", "n03:1"), labels(open("n03\nn77\nn01\n")));
        assertTrue(open("n88\nn77\nn99\n").noVal().contains("names no class of the 3 images"));
        assertTrue(
                open("n01\n").noVal().contains("has 1 lines for 3 images"),
                open("n01\n").noVal());
    }

    @Test
    void numbersThatAreCountedOtherwiseAreRefused() throws IOException {
        flat(1, 2);
        String fromOne = open("ILSVRC2012_val_00000001.JPEG 3\nILSVRC2012_val_00000002.JPEG 1\n")
                .noVal();
        assertTrue(fromOne.contains("numbers of classes, and the development kit's meta.mat"), fromOne);
        String beyond = open("ILSVRC2012_val_00000001.JPEG 4\nILSVRC2012_val_00000002.JPEG 1\n")
                .noVal();
        assertTrue(beyond.contains("class numbers from 1 to 4, which can't be places among train's 3"), beyond);
        Files.writeString(temporary.resolve("map_clsloc.txt"), "n03 1 kit_fox\nn01 2 setter\nn02 3 husky\n");
        String fromNought = open("2\n0\n").noVal();
        assertTrue(
                fromNought.contains("has the class number 0, and ImageNet's development kit has 1 to 3"), fromNought);
    }

    @Test
    void numbersCountFromNoughtOrOneAsTheySay() {
        List<String> fromNought = List.of("ant:2", "bee:3", "cat:1");
        assertEquals(fromNought, labels(other("2\n0\n1\n")));
        assertEquals(fromNought, labels(other("3\n1\n2\n")), "3 is no place from 0 among three");
        String named =
                "ILSVRC2012_val_00000001.JPEG 3\nILSVRC2012_val_00000002.JPEG 1\nILSVRC2012_val_00000003.JPEG 2\n";
        assertEquals(fromNought, labels(other(named)));
        assertTrue(
                tree.notes().stream().anyMatch(note -> note.endsWith("places of classes in name order, from 1")),
                tree.notes()::toString);
        String unclear = other(named.replace("JPEG 3", "JPEG 2")).noVal();
        assertTrue(
                unclear.contains("numbers from 1 to 2, which may count train's 3 classes from 0 or from 1; give the"),
                unclear);
        assertTrue(other("3\n0\n1\n").noVal().contains("from 0 to 3, which can't be places among train's 3"));
    }

    /** A data set whose classes are no synsets, so that no number can be of ImageNet's development kit. */
    private ImageDataset other(String list) {
        tree = new Tree(temporary.resolve("other"));
        tree.files("train/ant/1.jpg", "train/bee/1.jpg", "train/cat/1.jpg");
        flat(1, 3);
        return open(list);
    }

    @Test
    void anImageOfTwoClassesIsSaid() {
        flat(1, 2);
        String list =
                "ILSVRC2012_val_00000001.JPEG n02\nILSVRC2012_val_00000002.JPEG n01\nILSVRC2012_val_00000001.JPEG n03\n";
        assertEquals(List.of("n01:2", "n03:1"), labels(open(list)));
        assertTrue(
                tree.notes().stream()
                        .anyMatch(note -> note.contains("gives 1 images several classes (ILSVRC2012_val_00000001)")),
                tree.notes()::toString);
    }

    @Test
    void metaMatOfTheDevelopmentKitIsRead() throws IOException {
        flat(0, 3);
        Files.write(temporary.resolve("meta.mat"), metaMat(List.of("n03", "n01", "n02", "n99")));
        assertEquals(List.of("n01:0", "n01:2", "n03:1"), labels(open("2\n1\n2\n")), "in the order of the names");
        tree.files("val/ILSVRC2012_val_00000009.JPEG");
        assertTrue(
                open("2\n1\n2\n").noVal().contains("has 3 lines for 4 images"),
                open("2\n1\n2\n").noVal());
    }

    /** A file as the kit has it: one compressed array of structs, with words and lists of children between. */
    private static byte[] metaMat(List<String> synsets) throws IOException {
        ByteArrayOutputStream names = new ByteArrayOutputStream();
        for (String field : List.of("ILSVRC2012_ID", "WNID", "words", "children")) {
            names.writeBytes(Arrays.copyOf(field.getBytes(StandardCharsets.US_ASCII), 16));
        }
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        body.writeBytes(element(6, ints(2, 0)));
        body.writeBytes(element(5, ints(synsets.size(), 1)));
        body.writeBytes(element(1, "synsets".getBytes(StandardCharsets.US_ASCII)));
        body.writeBytes(new byte[] {5, 0, 4, 0, 16, 0, 0, 0});
        body.writeBytes(element(1, names.toByteArray()));
        for (int i = 0; i < synsets.size(); i++) {
            body.writeBytes(number(i + 1));
            body.writeBytes(text(synsets.get(i)));
            body.writeBytes(text("kit fox, Vulpes macrotis"));
            body.writeBytes(element(14, new byte[0]));
        }
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (DeflaterOutputStream deflated = new DeflaterOutputStream(packed)) {
            deflated.write(element(14, body.toByteArray()));
        }
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        file.writeBytes(Arrays.copyOf("MATLAB 5.0 MAT-file".getBytes(StandardCharsets.US_ASCII), 124));
        file.writeBytes(new byte[] {0, 1, 'I', 'M'});
        file.writeBytes(ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(15)
                .putInt(packed.size())
                .array());
        file.writeBytes(packed.toByteArray());
        return file.toByteArray();
    }

    private static byte[] number(int value) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        body.writeBytes(element(6, ints(6, 0)));
        body.writeBytes(element(5, ints(1, 1)));
        body.writeBytes(element(1, new byte[0]));
        body.writeBytes(new byte[] {2, 0, 1, 0, (byte) value, 0, 0, 0});
        return element(14, body.toByteArray());
    }

    private static byte[] text(String value) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        body.writeBytes(element(6, ints(4, 0)));
        body.writeBytes(element(5, ints(1, value.length())));
        body.writeBytes(element(1, new byte[0]));
        body.writeBytes(element(4, value.getBytes(StandardCharsets.UTF_16LE)));
        return element(14, body.toByteArray());
    }

    private static byte[] ints(int... values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asIntBuffer().put(values);
        return bytes.array();
    }

    private static byte[] element(int type, byte[] data) {
        int padded = (data.length + 7) / 8 * 8;
        return ByteBuffer.allocate(8 + padded)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(type)
                .putInt(data.length)
                .put(data)
                .array();
    }
}
