package org.simreg.worker.data.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.Test;
import org.simreg.worker.data.loader.BatchLoader;

/**
 * Some 2,600 odd files of every format: the same pixels as Pillow's, or refused as there. {@code
 * scripts/fixtures/pictures.py} wrote the files and what Pillow makes of them.
 */
class OddPicturesTest {
    @Test
    void whatPillowOpensHasItsPixelsAndWhatItRefusesIsRefused() throws Exception {
        Map<String, byte[]> outer = entries(ImageFixtures.bytes("odd.zip"));
        Map<String, byte[]> files = entries(outer.get("files.zip"));
        List<String> wrong = new ArrayList<>();
        int count = 0;
        try (ImageDecoder decoder = new ImageDecoder(BatchLoader.Settings.PILLOW_MAX_PIXELS)) {
            for (String line : new String(outer.get("expected.txt"), StandardCharsets.UTF_8)
                    .lines()
                    .toList()) {
                String name = line.substring(0, line.indexOf(' '));
                String actual = decoded(files.get(name), decoder);
                if (!line.equals(name + " " + (actual.startsWith("refused") ? "refused" : actual))) {
                    wrong.add(line + ", here " + actual);
                }
                count++;
            }
        }
        assertTrue(count > 2600, count + " files");
        assertEquals(List.of(), wrong);
    }

    /** Width, height and digest; or "refused" and why. */
    private static String decoded(byte[] file, ImageDecoder decoder) throws IOException, NoSuchAlgorithmException {
        RgbImage pixels = new RgbImage();
        try {
            decoder.decode(into -> into.room(file.length).put(file).flip(), pixels);
        } catch (ImageDecoder.UnreadableImage e) {
            return "refused: " + e.getMessage();
        }
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        digest.update(pixels.rgb, 0, 3 * pixels.width * pixels.height);
        return pixels.width + " " + pixels.height + " " + HexFormat.of().formatHex(digest.digest());
    }

    private static Map<String, byte[]> entries(byte[] zip) throws IOException {
        Map<String, byte[]> entries = new HashMap<>();
        try (ZipInputStream in = new ZipInputStream(new ByteArrayInputStream(zip))) {
            for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                entries.put(entry.getName(), in.readAllBytes());
            }
        }
        return entries;
    }
}
