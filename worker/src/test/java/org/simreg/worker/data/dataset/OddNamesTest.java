package org.simreg.worker.data.dataset;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.worker.base.io.FileNames;

/** Names of files that aren't UTF-8, or that the locale's encoding doesn't have. */
class OddNamesTest {
    @TempDir
    Path temporary;

    /** Writes a file whose name has these bytes, and the name's Latin-1 text in it. */
    private void write(String folder, byte[] name) throws IOException {
        Path root = temporary.resolve("images/" + folder);
        Files.createDirectories(root);
        String escaped = HexFormat.ofDelimiter("%").withPrefix("").formatHex(name);
        Files.writeString(
                Path.of(URI.create("file://" + root + "/%" + escaped)),
                new String(name, ISO_8859_1).replaceAll("[^ -~]", "?"));
    }

    @Test
    void everyLocaleReadsTheSameFiles() throws IOException, InterruptedException {
        write("train/ant", "plain.jpg".getBytes(UTF_8));
        write("train/ant", "h\u00E4se.jpg".getBytes(ISO_8859_1));
        write("train/ant", "h\u00E4se.jpg".getBytes(UTF_8));
        write("train/ant", "\u65E5\u672C.jpg".getBytes(UTF_8));
        write("train/ant", new byte[] {'x', (byte) 0x80, '%', ' ', '.', 'p', 'n', 'g'});
        write("val/ant", "1.jpg".getBytes(UTF_8));
        String bear = "%62%E4%72"; // a class folder in Latin-1
        Path folder = Path.of(URI.create("file://" + temporary + "/images/train/" + bear));
        Files.createDirectories(folder);
        Files.writeString(folder.resolve("1.jpg"), "bear");
        List<String> plain = printed("C");
        assertEquals(
                List.of(
                        "0 train/ant/h\u00E4se.jpg h??se.jpg",
                        "0 train/ant/h\\xE4se.jpg h?se.jpg",
                        "0 train/ant/plain.jpg plain.jpg",
                        "0 train/ant/x\\x80% .png x?% .png",
                        "0 train/ant/\u65E5\u672C.jpg ??????.jpg",
                        "1 train/b\\xE4r/1.jpg bear"),
                plain.subList(0, 6));
        assertEquals(printed("C.UTF-8"), plain);
    }

    private List<String> printed(String locale) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xshare:auto",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                LocaleProbe.class.getName(),
                temporary.toString());
        builder.environment().put("LC_ALL", locale);
        builder.redirectErrorStream(false).redirectError(ProcessBuilder.Redirect.INHERIT);
        Process process = builder.start();
        List<String> lines = new String(process.getInputStream().readAllBytes(), UTF_8)
                .lines()
                .toList();
        assertEquals(0, process.waitFor(), lines.toString());
        return lines;
    }

    @Test
    void otherBytesAreAnotherTextAndComeBack() {
        Random random = new Random(1);
        List<byte[]> names = new ArrayList<>();
        for (int i = 0; i < 2000; i++) {
            byte[] name = new byte[1 + random.nextInt(12)];
            random.nextBytes(name);
            names.add(name);
        }
        names.add(new String(Character.toChars(0x10F7E4)).getBytes(UTF_8)); // the escape of a byte, as a real name
        names.add(new byte[] {(byte) 0xED, (byte) 0xA0, (byte) 0x80});
        names.add("\uFFFD".getBytes(UTF_8));
        for (byte[] name : names) {
            String text = FileNames.text(name);
            assertArrayEquals(name, FileNames.bytes(text));
            assertEquals(text, new String(text.getBytes(UTF_8), UTF_8), "can be sent as UTF-8");
        }
        assertEquals("h\u00E4se.jpg", FileNames.text("h\u00E4se.jpg".getBytes(UTF_8)));
        assertNotEquals(FileNames.text(new byte[] {(byte) 0xE4}), FileNames.text(new byte[] {(byte) 0xE5}));
    }
}
