package org.simreg.worker.data.dataset;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a folder's manifest tells of a change. */
class ImageManifestTest {
    @TempDir
    Path temporary;

    private Tree tree;
    private ImageManifest before;

    @BeforeEach
    void plant() {
        tree = new Tree(temporary);
        for (int i = 0; i < 5; i++) {
            tree.write("train/ant/" + i + ".jpg", new byte[100 + i])
                    .write("train/bee/" + i + ".jpg", new byte[200 + i]);
        }
        before = manifest();
    }

    private ImageManifest manifest() {
        return ImageManifest.of(tree.open().train());
    }

    private String changes() throws IOException {
        return ImageManifest.unpacked(before.packed()).changes(manifest());
    }

    private Path file(String name) {
        return tree.root.resolve("train").resolve(name);
    }

    @Test
    void nothingHasChanged() throws IOException {
        assertEquals("", changes());
        assertEquals(before.sha256(), ImageManifest.unpacked(before.packed()).sha256());
        assertEquals(before.sha256(), manifest().sha256());
        assertEquals(10, ImageManifest.unpacked(before.packed()).size());
    }

    @Test
    void everyKindOfChangeIsNamed() throws IOException {
        Files.move(file("ant/0.jpg"), file("ant/z.jpg"));
        Files.delete(file("bee/1.jpg"));
        Files.write(file("bee/2.jpg"), new byte[7]);
        tree.write("train/cat/1.jpg", new byte[1]).write("train/cat/2.jpg", new byte[2]);
        assertEquals(
                "2 added (cat/1.jpg, cat/2.jpg), 1 gone (bee/1.jpg), 1 renamed (ant/0.jpg to ant/z.jpg),"
                        + " 1 replaced (bee/2.jpg)",
                changes());
        assertNotEquals(before.sha256(), manifest().sha256());
    }

    @Test
    void ofManyTheFirstAreNamed() throws IOException {
        IntStream.range(0, 9).forEach(i -> tree.write("train/ant/new" + i + ".jpg", new byte[1]));
        assertEquals("9 added (ant/new0.jpg, ant/new1.jpg, ant/new2.jpg, ..)", changes());
    }

    @Test
    void aDamagedOneIsNoManifest() {
        assertThrows(IOException.class, () -> ImageManifest.unpacked("no Base64 at all"));
        assertThrows(
                IOException.class, () -> ImageManifest.unpacked(before.packed().substring(0, 40)));
        assertTrue(before.packed().length() < 400, before.packed());
    }

    /** The names are the list's; a text of each would take a hundred bytes more. */
    @Test
    void ofAHundredThousandItTakesEightBytesAnImage() {
        int size = 100_000;
        byte[] names = "0123456789.jpg".repeat(size).getBytes(StandardCharsets.US_ASCII);
        int[] ends = IntStream.rangeClosed(1, size).map(i -> 14 * i).toArray();
        SampleIndex.FolderPart part = new SampleIndex.FolderPart(
                "train", SampleIndex.Placement.CLASS_FOLDERS, List.of("ant"), new int[] {size}, ends, names);
        ImageList images = new ImageList("data", part, List.of("ant"), list -> null, new long[size]);
        long each = HeapUse.of(() -> ImageManifest.of(images)) / size;
        assertTrue(each < 12, each + " bytes an image");
        assertEquals(size, ImageManifest.of(images).size());
    }
}
