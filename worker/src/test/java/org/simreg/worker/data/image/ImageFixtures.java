package org.simreg.worker.data.image;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Small pictures and what Pillow makes of them; {@code scripts/fixtures/data.py} wrote both. */
public final class ImageFixtures {
    public static final int WIDTH = 97;
    public static final int HEIGHT = 61;

    private ImageFixtures() {}

    public static byte[] bytes(String name) {
        try (InputStream in = ImageFixtures.class.getResourceAsStream("/fixtures/data/" + name)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The words of every line. */
    public static List<String[]> lines(String name) {
        String text = new String(bytes(name), StandardCharsets.US_ASCII);
        return text.lines().map(line -> line.split(" ")).toList();
    }

    /** The file names in a folder of fixtures. */
    public static List<Path> files(String folder) {
        Path path = Path.of("src/test/resources/fixtures/data", folder);
        try (Stream<Path> files = Files.list(path)) {
            return files.sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The top left part of the picture that all cases start from. */
    public static RgbImage photo(int width, int height) {
        byte[] rgb = bytes("photo-97x61.rgb");
        RgbImage pixels = new RgbImage();
        try {
            pixels.resize(width, height, 0);
        } catch (ImageDecoder.UnreadableImage e) {
            throw new UncheckedIOException(e);
        }
        for (int y = 0; y < height; y++) {
            System.arraycopy(rgb, 3 * WIDTH * y, pixels.rgb, 3 * width * y, 3 * width);
        }
        return pixels;
    }

    public static RgbImage photo() {
        return photo(WIDTH, HEIGHT);
    }

    public static byte[] part(byte[] all, int from, int length) {
        return Arrays.copyOfRange(all, from, from + length);
    }

    /** Equal bytes; else the message counts the differences and shows the largest. */
    public static void assertSamePixels(byte[] expected, byte[] actual, String what) {
        assertEquals(expected.length, actual.length, what + ": bytes");
        int[] differences = IntStream.range(0, expected.length)
                .map(i -> Math.abs((expected[i] & 0xff) - (actual[i] & 0xff)))
                .filter(difference -> difference > 0)
                .toArray();
        assertEquals(
                0,
                differences.length,
                () -> "%s: bytes that differ of %d; at most by %d"
                        .formatted(
                                what,
                                expected.length,
                                IntStream.of(differences).max().getAsInt()));
    }
}
