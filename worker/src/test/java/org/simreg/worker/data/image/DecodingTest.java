package org.simreg.worker.data.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.worker.data.loader.BatchLoader;

/** Files of every awkward kind, against Pillow's RGB. */
class DecodingTest {
    private static final int SEEDS = Integer.getInteger("simreg.test.fuzz", 5);

    private static final Map<String, String> REASONS = Map.ofEntries(
            Map.entry("bomb.jpg", "its size is 65000 x 65000, above the limit"),
            Map.entry("bomb.png", "its size is 60000 x 60000, above the limit"),
            Map.entry("damaged.png", "its PNG data is damaged"),
            Map.entry("header-only.jpg", "the file is truncated"),
            Map.entry("text.jpg", "the content is HTML, SVG or XML, and no JPEG, PNG"),
            Map.entry("truncated.bmp", "the content is BMP, and the file is truncated"),
            Map.entry("truncated.gif", "the file is truncated"),
            Map.entry("truncated.jpg", "the file is truncated"),
            Map.entry("truncated.png", "the file is truncated"),
            Map.entry("truncated.webp", "the file is truncated"),
            Map.entry("unended.jpg", "the file is truncated"),
            Map.entry("zero.jpg", "the file is empty"));

    @TestFactory
    Stream<DynamicTest> everyKindOfFileHasPillowsPixels() {
        List<Path> files = ImageFixtures.files("good");
        assertTrue(files.size() == 32, "fixtures: " + files);
        return files.stream()
                .map(file -> DynamicTest.dynamicTest(file.getFileName().toString(), () -> check(file)));
    }

    /** With flipped bits and cut anywhere: nothing but pixels, or why there are none. */
    @TestFactory
    Stream<DynamicTest> damagedFilesHavePixelsOrAReason() {
        return ImageFixtures.files("good").stream()
                .map(file -> DynamicTest.dynamicTest(file.getFileName().toString(), () -> {
                    byte[] whole = Files.readAllBytes(file);
                    for (int seed = 0; seed < SEEDS; seed++) {
                        Random random = new Random(seed);
                        byte[] bytes = random.nextInt(3) == 0
                                ? Arrays.copyOf(whole, random.nextInt(whole.length))
                                : whole.clone();
                        for (int i = random.nextInt(4); i >= 0 && bytes.length > 0; i--) {
                            int from = random.nextBoolean() ? bytes.length : Math.min(64, bytes.length);
                            bytes[random.nextInt(from)] ^= (byte) (1 << random.nextInt(8));
                        }
                        check(bytes, "seed " + seed);
                    }
                }));
    }

    private static void check(byte[] bytes, String what) throws IOException {
        RgbImage pixels = new RgbImage();
        try (ImageDecoder decoder = new ImageDecoder(BatchLoader.Settings.PILLOW_MAX_PIXELS)) {
            decoder.decode(buffer -> buffer.room(bytes.length).put(bytes).flip(), pixels);
            assertTrue(pixels.width > 0 && pixels.height > 0, what);
        } catch (ImageDecoder.UnreadableImage e) {
            assertEquals(-1, e.getMessage().indexOf('\n'), what);
        } catch (RuntimeException | Error e) {
            throw new AssertionError(what, e);
        } finally {
            pixels.release();
        }
    }

    /** But for those that OpenCV decodes, whose work is bounded. */
    @TestFactory
    Stream<DynamicTest> aThreadWhoseWorkNobodyWantsIsGivenBack() {
        return ImageFixtures.files("good").stream()
                .filter(file -> !file.toString().matches("(?i).*\\.(jpg|jpeg|webp)"))
                .map(file -> DynamicTest.dynamicTest(file.getFileName().toString(), () -> {
                    byte[] bytes = Files.readAllBytes(file);
                    Thread.currentThread().interrupt();
                    try (ImageDecoder decoder = new ImageDecoder(BatchLoader.Settings.PILLOW_MAX_PIXELS)) {
                        assertThrows(
                                CancellationException.class,
                                () -> decoder.decode(
                                        buffer -> buffer.room(bytes.length)
                                                .put(bytes)
                                                .flip(),
                                        new RgbImage()));
                    } finally {
                        assertTrue(Thread.interrupted());
                    }
                }));
    }

    private static void check(Path file) throws IOException {
        String name = file.getFileName().toString();
        RgbImage pixels = decode(file);
        assertEquals("37 x 27", pixels.width + " x " + pixels.height, name);
        byte[] expected = ImageFixtures.bytes("expected/" + name + ".rgb");
        ImageFixtures.assertSamePixels(expected, ImageFixtures.part(pixels.rgb, 0, expected.length), name);
    }

    private static RgbImage decode(Path file) throws IOException {
        RgbImage pixels = new RgbImage();
        try (ImageDecoder decoder = new ImageDecoder(BatchLoader.Settings.PILLOW_MAX_PIXELS)) {
            decoder.decode(buffer -> buffer.read(file), pixels);
        }
        return pixels;
    }

    @TestFactory
    Stream<DynamicTest> aBrokenFileIsRefusedWithItsReason() {
        List<Path> files = ImageFixtures.files("broken");
        assertEquals(REASONS.size(), files.size());
        return files.stream()
                .map(file -> DynamicTest.dynamicTest(file.getFileName().toString(), () -> refuse(file)));
    }

    @Test
    void aFormatThatOthersReadIsRefusedWithTheWayOut() {
        Map<String, byte[]> starts = Map.of(
                "AVIF", ascii("....ftypavif...."),
                "HEIC", ascii("....ftypheic...."),
                "JPEG 2000", ascii("....jP  ........"),
                "JPEG XL", ascii("....JXL ........"),
                "a cursor", new byte[] {0, 0, 2, 0, 1, 0});
        starts.forEach((name, start) -> {
            String message = refused(start);
            assertTrue(message.startsWith("the content is " + name + ", which isn't read;"), message);
            assertTrue(message.contains("`magick mogrify -format png FILES`"), message);
        });
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static String refused(byte[] file) {
        try (ImageDecoder decoder = new ImageDecoder(BatchLoader.Settings.PILLOW_MAX_PIXELS)) {
            ImageDecoder.Reading reading =
                    buffer -> buffer.room(file.length).put(file).flip();
            return assertThrows(ImageDecoder.UnreadableImage.class, () -> decoder.decode(reading, new RgbImage()))
                    .getMessage();
        }
    }

    private static void refuse(Path file) {
        String expected = REASONS.get(file.getFileName().toString());
        ImageDecoder.UnreadableImage refusal = assertThrows(ImageDecoder.UnreadableImage.class, () -> decode(file));
        assertTrue(refusal.getMessage().contains(expected), file + ": " + refusal.getMessage());
    }

    @Test
    void aLimitOfPixelsIsKept() throws IOException {
        Path file = ImageFixtures.files("good").get(0);
        RgbImage pixels = new RgbImage();
        try (ImageDecoder exact = new ImageDecoder(37 * 27);
                ImageDecoder less = new ImageDecoder(37 * 27 - 1)) {
            exact.decode(buffer -> buffer.read(file), pixels);
            assertThrows(ImageDecoder.UnreadableImage.class, () -> less.decode(buffer -> buffer.read(file), pixels));
        }
    }

    /** Were a picture's pixels left behind each time, this would take a gigabyte. */
    @Test
    void nativeMemoryStaysFlat(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("plain.png");
        ImageIO.write(new BufferedImage(600, 400, BufferedImage.TYPE_INT_ARGB), "png", file.toFile());
        RgbImage pixels = new RgbImage();
        try (ImageDecoder decoder = new ImageDecoder(BatchLoader.Settings.PILLOW_MAX_PIXELS)) {
            decode(decoder, file, pixels, 100);
            long before = Pointer.physicalBytes();
            decode(decoder, file, pixels, 1000);
            long grown = Pointer.physicalBytes() - before;
            assertTrue(grown < 200_000_000, grown + " bytes more after 1000 pictures of 960 kB");
        }
    }

    private static void decode(ImageDecoder decoder, Path file, RgbImage pixels, int times) throws IOException {
        for (int i = 0; i < times; i++) {
            decoder.decode(buffer -> buffer.read(file), pixels);
        }
    }
}
