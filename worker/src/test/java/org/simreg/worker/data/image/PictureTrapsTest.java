package org.simreg.worker.data.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

/** Pictures that are within all bounds of size, and whose parts would take memory or work without an end. */
class PictureTrapsTest {
    private static final int SHORT = 3;
    private static final int LONG = 4;

    private static String refusal(byte[] file) {
        try (ImageDecoder decoder = new ImageDecoder(178_956_970)) {
            return assertThrows(
                            ImageDecoder.UnreadableImage.class,
                            () -> decoder.decode(
                                    into -> into.room(file.length).put(file).flip(), new RgbImage()))
                    .getMessage();
        }
    }

    /** A tag of a TIFF file. */
    private record Tag(int number, int type, int count, int value) {}

    private static ByteBuffer tiff(int length, Tag... tags) {
        ByteBuffer file = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        file.put((byte) 'I').put((byte) 'I').putShort((short) 42).putInt(8).putShort((short) tags.length);
        for (Tag tag : tags) {
            file.putShort((short) tag.number).putShort((short) tag.type).putInt(tag.count);
            if (tag.type == SHORT && tag.count == 1) {
                file.putShort((short) tag.value).putShort((short) 0);
            } else {
                file.putInt(tag.value);
            }
        }
        return file.putInt(0);
    }

    /** Each of a million offsets would be a long, and an object. */
    @Test
    void aTiffOfAMillionStripsIsRefusedBeforeTheyAreRead() {
        ByteBuffer file = tiff(
                5_000_000,
                new Tag(256, SHORT, 1, 10),
                new Tag(257, SHORT, 1, 10),
                new Tag(258, SHORT, 1, 8),
                new Tag(273, LONG, 1_000_000, 1000));
        assertTrue(refusal(file.array()).contains("its tag 273 has 1000000 values; 262144 are the most"));
    }

    @Test
    void aTiffWhoseStripsAreAllTheWholeFileIsRefused() throws IOException {
        int rows = 1000;
        byte[] row = packed(new byte[10]);
        ByteBuffer file = tiff(
                100_000,
                new Tag(256, SHORT, 1, 10),
                new Tag(257, SHORT, 1, rows),
                new Tag(258, SHORT, 1, 8),
                new Tag(259, SHORT, 1, 8),
                new Tag(262, SHORT, 1, 1),
                new Tag(273, LONG, rows, 1000),
                new Tag(278, SHORT, 1, 1),
                new Tag(279, LONG, rows, 1000 + 4 * rows));
        file.position(10_000).put(row);
        for (int i = 0; i < rows; i++) {
            file.putInt(1000 + 4 * i, 10_000).putInt(1000 + 4 * rows + 4 * i, 90_000);
        }
        assertEquals(
                "the content is TIFF, and its strips or tiles have 90000000 bytes in a file of 100000",
                refusal(file.array()));
        // The same bytes for each strip are no trap.
        for (int i = 0; i < rows; i++) {
            file.putInt(1000 + 4 * rows + 4 * i, row.length);
        }
        assertEquals("10 x 1000", size(file.array()));
    }

    private static String size(byte[] file) throws IOException {
        RgbImage pixels = new RgbImage();
        try (ImageDecoder decoder = new ImageDecoder(178_956_970)) {
            decoder.decode(into -> into.room(file.length).put(file).flip(), pixels);
        }
        return pixels.width + " x " + pixels.height;
    }

    @Test
    void aStripThatIsALargerJpegThanItsRowsIsRefused() throws IOException {
        byte[] jpeg = jpeg(64, 640);
        for (int most : new int[] {1, 640}) {
            ByteBuffer file = tiff(
                    10_000 + jpeg.length,
                    new Tag(256, SHORT, 1, 64),
                    new Tag(257, SHORT, 1, most),
                    new Tag(258, SHORT, 1, 8),
                    new Tag(259, SHORT, 1, 7),
                    new Tag(262, SHORT, 1, 1),
                    new Tag(273, LONG, 1, 10_000),
                    new Tag(278, SHORT, 1, most),
                    new Tag(279, LONG, 1, jpeg.length));
            file.position(10_000).put(jpeg);
            if (most == 1) {
                assertTrue(refusal(file.array()).contains("a JPEG strip has another size than the file says"));
            } else {
                assertEquals("64 x 640", size(file.array()));
            }
        }
    }

    private static byte[] jpeg(int width, int height) throws IOException {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        ImageIO.write(new BufferedImage(width, height, BufferedImage.TYPE_BYTE_GRAY), "jpeg", file);
        return file.toByteArray();
    }

    /** Each text is within the bound of one. */
    @Test
    void aPngOfManyPackedTextsIsRefused() throws IOException {
        byte[] text = packed(new byte[1 << 20]);
        byte[] chunk = ByteBuffer.allocate(3 + text.length)
                .put((byte) 'a')
                .putShort((short) 0)
                .put(text)
                .array();
        for (int texts : new int[] {64, 65}) {
            ByteArrayOutputStream png = new ByteArrayOutputStream();
            DataOutputStream out = new DataOutputStream(png);
            out.writeLong(0x89504e470d0a1a0aL);
            chunk(out, "IHDR", new byte[] {0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0});
            for (int i = 0; i < texts; i++) {
                chunk(out, "zTXt", chunk);
            }
            chunk(out, "IDAT", packed(new byte[2]));
            chunk(out, "IEND", new byte[0]);
            if (texts == 64) {
                assertEquals("1 x 1", size(png.toByteArray()));
            } else {
                assertTrue(refusal(png.toByteArray()).contains("is too long"));
            }
        }
    }

    private static void chunk(DataOutputStream out, String name, byte[] data) throws IOException {
        CRC32 sum = new CRC32();
        sum.update(name.getBytes(StandardCharsets.US_ASCII));
        sum.update(data);
        out.writeInt(data.length);
        out.writeBytes(name);
        out.write(data);
        out.writeInt((int) sum.getValue());
    }

    private static byte[] packed(byte[] bytes) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (DeflaterOutputStream out = new DeflaterOutputStream(packed)) {
            out.write(bytes);
        }
        return packed.toByteArray();
    }

    /** A lossless WebP of 300 KB and a million pixels may have tables of codes of 370 MB. */
    @Test
    void theTablesOfALosslessWebpAreCounted() throws IOException {
        ByteBuffer file = ByteBuffer.allocateDirect(295_018).order(ByteOrder.LITTLE_ENDIAN);
        file.put("RIFF".getBytes(StandardCharsets.US_ASCII)).putInt(file.capacity() - 8);
        file.put("WEBPVP8L".getBytes(StandardCharsets.US_ASCII)).putInt(file.capacity() - 20);
        file.put((byte) 0x2f).putInt(1023 | 1023 << 14).flip().limit(file.capacity());
        long all = WebpHeader.of(file).workspace();
        assertTrue(all > 400L << 20 && all < 1L << 30, "bytes: " + all);
        // Of a small picture they are few.
        file.putInt(21, 63 | 63 << 14);
        assertTrue(WebpHeader.of(file).workspace() < 4 << 20);
        byte[] lossy = new byte[40];
        ByteBuffer simple = ByteBuffer.wrap(lossy).order(ByteOrder.LITTLE_ENDIAN);
        Arrays.fill(lossy, (byte) 0);
        simple.put("RIFF".getBytes(StandardCharsets.US_ASCII)).putInt(32);
        simple.put("WEBPVP8 ".getBytes(StandardCharsets.US_ASCII)).putInt(20);
        simple.putInt(26, 1024 | 1024 << 16);
        assertEquals(8L << 20, WebpHeader.of(simple.position(0)).workspace());
    }
}
