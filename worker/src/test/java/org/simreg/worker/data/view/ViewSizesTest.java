package org.simreg.worker.data.view;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.dataset.Tree;
import org.simreg.worker.data.image.ImageFixtures;
import org.simreg.worker.data.loader.Batch;
import org.simreg.worker.data.loader.BatchLoader;
import org.simreg.worker.data.loader.BatchStream;

/** One draw in several sizes: the same picture. */
@Timeout(60)
class ViewSizesTest {
    private static final ViewRecipe WEAK = new ViewRecipe.RandomView(16, 0.2, false);
    private static final ViewRecipe STRONG = new ViewRecipe.RandomView(16, 0.2, true);

    @TempDir
    Path temporary;

    private ImageList images;

    @BeforeEach
    void plant() throws IOException {
        Tree tree = new Tree(temporary);
        for (Path file : ImageFixtures.files("good")) {
            tree.write(file.getFileName().toString(), Files.readAllBytes(file));
        }
        images = tree.open().train();
    }

    @Test
    void aDrawInAnotherSizeShowsTheSameCropColoursAndFlip() {
        for (ViewRecipe recipe : List.of(WEAK, STRONG)) {
            List<View> views = List.of(new View(0, recipe), new View(0, recipe.at(48)), new View(1, recipe));
            byte[][] pixels = pixels(views);
            double same = distance(pixels[0], shrunk(pixels[1], 48, 3));
            double other = distance(pixels[0], pixels[2]);
            assertTrue(same < 0.25 * other, recipe + ": " + same + " against " + other);
            assertTrue(same < 6, recipe + ": " + same);
        }
    }

    /** A blur that is not scaled would leave the large view three times as sharp. */
    @Test
    void aBlurCoversTheSamePartOfThePicture() {
        ViewRecipe.RandomView large = new ViewRecipe.RandomView(16, 0.2, true).at(48);
        assertEquals(3, large.blurScale());
        assertEquals(STRONG, large.at(16));
        Distortion drawn = new Distortion(new int[0], 1, 1, 1, 0, false, 1.5);
        assertEquals(4.5, drawn.scaled(large.blurScale()).sigma());
    }

    @Test
    void otherSizesInTheBatchLeaveAViewItsBytes() {
        byte[][] alone = pixels(View.each(WEAK, STRONG));
        byte[][] among = pixels(
                List.of(new View(0, WEAK.at(40)), new View(1, STRONG), new View(0, WEAK), new View(1, STRONG.at(8))));
        assertArrayEquals(alone[0], among[2]);
        assertArrayEquals(alone[1], among[1]);
    }

    @Test
    void aCentreViewKeepsItsProportions() {
        assertEquals(new ViewRecipe.CentreView(256, 224), new ViewRecipe.CentreView(73, 64).at(224));
        assertEquals(new ViewRecipe.CentreView(32, 32), new ViewRecipe.CentreView(64, 64).at(32));
        ViewRecipe.CentreView small = new ViewRecipe.CentreView(20, 16);
        byte[][] pixels = pixels(View.each(small, small.at(48)));
        assertTrue(distance(pixels[0], shrunk(pixels[1], 48, 3)) < 6);
    }

    /** All rows of each view. */
    private byte[][] pixels(List<View> views) {
        int[] ids = IntStream.range(0, images.size()).toArray();
        BatchLoader.Settings settings = new BatchLoader.Settings(2, 3, 5);
        try (BatchLoader loader = new BatchLoader(images, settings, notice -> {});
                BatchStream batches = loader.batches(
                        List.of(new BatchLoader.Request(2, ids, views)).iterator());
                Batch batch = batches.next()) {
            byte[][] pixels = new byte[views.size()][];
            for (int view = 0; view < pixels.length; view++) {
                assertEquals(views.get(view).recipe().size(), batch.viewSize(view));
                pixels[view] = new byte[batch.views(view).remaining()];
                batch.views(view).get(pixels[view]);
            }
            return pixels;
        }
    }

    /** Means over squares of {@code by * by} pixels. */
    private static byte[] shrunk(byte[] rows, int size, int by) {
        int small = size / by;
        byte[] out = new byte[rows.length / (by * by)];
        for (int i = 0; i < out.length; i++) {
            int channel = i % 3;
            int x = i / 3 % small * by;
            int y = i / 3 / small * by;
            int sum = 0;
            for (int j = 0; j < by * by; j++) {
                sum += rows[3 * ((y + j / by) * size + x + j % by) + channel] & 0xFF;
            }
            out[i] = (byte) Math.round((float) sum / (by * by));
        }
        return out;
    }

    /** Mean over the bytes, 0 to 255. */
    private static double distance(byte[] a, byte[] b) {
        assertEquals(a.length, b.length);
        return IntStream.range(0, a.length)
                .mapToDouble(i -> Math.abs((a[i] & 0xFF) - (b[i] & 0xFF)))
                .average()
                .orElseThrow();
    }
}
