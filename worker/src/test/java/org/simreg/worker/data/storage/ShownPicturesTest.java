package org.simreg.worker.data.storage;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.Dataset;
import org.simreg.proto.Roots;
import org.simreg.worker.data.dataset.Tars;

class ShownPicturesTest {
    @TempDir
    Path folder;

    @Test
    void picturesOfATarAreCopiedForAPageAndDeletedWithIt() throws IOException {
        Path tar =
                new Tars().add("train/a/1.png", "one").add("val/a/2.png", "two").write(folder.resolve("a.tar"));
        Dataset data = Dataset.newBuilder().addPath("tar:" + tar).build();
        ShownPictures shown = new ShownPictures(folder.resolve("cache"), Roots.ANYWHERE);
        assertArrayEquals("two".getBytes(StandardCharsets.UTF_8), shown.bytes(data, "val/a/2.png"));
        assertThrows(NoSuchFileException.class, () -> shown.bytes(data, "val/a/3.png"));
        Path copies;
        try (ShownPictures.Folder pictures = shown.folder(data, List.of("val/a/2.png", "train/a/1.png", "../x"))) {
            copies = pictures.path();
            assertEquals("one", Files.readString(copies.resolve("train/a/1.png")));
            assertEquals("two", Files.readString(copies.resolve("val/a/2.png")));
        }
        assertFalse(Files.exists(copies));
        Files.delete(tar);
        try (ShownPictures.Folder pictures = shown.folder(data, List.of("val/a/2.png"))) {
            assertFalse(Files.exists(pictures.path().resolve("val")), "one that can't be read is missing");
        }
    }

    @Test
    void aFoldersPicturesAreShownWhereTheyLie() throws IOException {
        Files.writeString(Files.createDirectories(folder.resolve("a")).resolve("1.png"), "one");
        Dataset data = Dataset.newBuilder().addPath(folder.toString()).build();
        ShownPictures shown = new ShownPictures(folder.resolve("cache"), Roots.ANYWHERE);
        assertArrayEquals("one".getBytes(StandardCharsets.UTF_8), shown.bytes(data, "a/1.png"));
        try (ShownPictures.Folder pictures = shown.folder(data, List.of("a/1.png"))) {
            assertEquals(folder, pictures.path());
        }
        assertEquals("one", Files.readString(folder.resolve("a/1.png")));
    }
}
