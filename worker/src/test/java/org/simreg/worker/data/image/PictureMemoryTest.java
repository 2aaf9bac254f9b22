package org.simreg.worker.data.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.simreg.proto.UserError.NotHere;

/** Pictures that are small as files and large in memory, or much work. */
@Timeout(60)
class PictureMemoryTest {
    private static final long MAX_PIXELS = 178_956_970;

    private final RgbImage pixels = new RgbImage();

    private void decode(byte[] file) throws IOException {
        try (ImageDecoder decoder = new ImageDecoder(MAX_PIXELS)) {
            decoder.decode(into -> into.room(file.length).put(file).flip(), pixels);
        }
    }

    private String refusal(byte[] file) {
        return assertThrows(ImageDecoder.UnreadableImage.class, () -> decode(file))
                .getMessage();
    }

    @Test
    void whatIsMoreThanAllIsRefusedAndWhatIsNotWaitsForOthers() throws Exception {
        PictureMemory memory = new PictureMemory(1000, 100);
        String everywhere = assertThrows(ImageDecoder.UnreadableImage.class, () -> memory.take(1001))
                .getMessage();
        assertTrue(everywhere.contains("are the most"), everywhere);
        String here = assertThrows(NotHere.class, () -> memory.take(101)).getMessage();
        assertTrue(here.contains("give it more heap"), here);
        memory.take(60);
        CompletableFuture<Void> other = CompletableFuture.runAsync(() -> {
            try {
                memory.take(50);
            } catch (ImageDecoder.UnreadableImage e) {
                throw new IllegalStateException(e);
            }
        });
        assertThrows(TimeoutException.class, () -> other.get(50, TimeUnit.MILLISECONDS));
        memory.giveBack(60);
        other.get(30, TimeUnit.SECONDS);
    }

    @Test
    void aDeepPictureTakesItsRgbPixelsAndARowOfTheHeap() throws IOException {
        int side = 2400;
        byte[] file = deepPng(side, side);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        decode(deepPng(2, 2));
        long before = threads.getCurrentThreadAllocatedBytes();
        decode(file);
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertEquals(side, pixels.width);
        long rgb = 3L * side * side;
        assertTrue(allocated < rgb + 4_000_000, allocated + " bytes for " + rgb + " of RGB");
        pixels.release();
        assertEquals(0, pixels.rgb.length);
    }

    /** Its views would take two rows of 24 bytes a pixel. */
    @Test
    void aPictureOfOneEndlessRowIsRefused() {
        byte[] row = "P5 178956970 1 255 ".getBytes(StandardCharsets.US_ASCII);
        String message = refusal(row);
        assertTrue(message.contains("768 are the most"), message);
    }

    @Test
    void aLongFileTakesNoDirectMemory() throws IOException {
        long before = direct();
        try (FileBuffer buffer = new FileBuffer()) {
            ByteBuffer room = buffer.room(FileBuffer.LONGEST);
            assertEquals(FileBuffer.LONGEST, room.remaining());
            assertTrue(direct() - before < 2_000_000, "direct memory of " + (direct() - before));
            String message = assertThrows(
                            ImageDecoder.UnreadableImage.class, () -> buffer.room(FileBuffer.LONGEST + 1L))
                    .getMessage();
            assertEquals("the file has 268435457 bytes, above the limit of 268435456", message);
        }
    }

    private static long direct() {
        return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                .filter(pool -> "direct".equals(pool.getName()))
                .findFirst()
                .orElseThrow()
                .getMemoryUsed();
    }

    @Test
    void aFileOfEndlessScansIsRefusedByTheirNumber() {
        byte[] jpeg = ImageFixtures.bytes("good/progressive.JPG");
        int last = lastScan(jpeg);
        ByteArrayOutputStream bomb = new ByteArrayOutputStream();
        bomb.write(jpeg, 0, last);
        for (int i = 0; i <= JpegHeader.MAX_SCANS; i++) {
            bomb.write(jpeg, last, jpeg.length - 2 - last);
        }
        bomb.write(jpeg, jpeg.length - 2, 2);
        String message = refusal(bomb.toByteArray());
        assertTrue(message.contains("501 scans so far are more work than a picture may be"), message);
    }

    @Test
    void aLargeFileOfManyScansIsRefusedByTheirWork() {
        byte[] jpeg = ImageFixtures.bytes("good/progressive.JPG");
        int last = lastScan(jpeg);
        ByteArrayOutputStream bomb = new ByteArrayOutputStream();
        bomb.write(jpeg, 0, last);
        for (int i = 0; i < 400; i++) {
            bomb.write(jpeg, last, jpeg.length - 2 - last);
        }
        bomb.write(jpeg, jpeg.length - 2, 2);
        byte[] file = bomb.toByteArray();
        for (int i = 0; i < file.length; i++) {
            if ((file[i] & 0xff) == 0xff && (file[i + 1] & 0xff) == 0xc2) {
                ByteBuffer.wrap(file).putShort(i + 5, (short) 13000).putShort(i + 7, (short) 13000);
                break;
            }
        }
        String message = refusal(file);
        assertTrue(message.contains("more work than a picture may be"), message);
        assertFalse(message.contains("501 scans"), message);
    }

    private static int lastScan(byte[] jpeg) {
        int at = jpeg.length - 2;
        while ((jpeg[at] & 0xff) != 0xff || (jpeg[at + 1] & 0xff) != 0xda) {
            at--;
        }
        return at;
    }

    /** A black picture of 16 bits and four channels. */
    private static byte[] deepPng(int width, int height) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (DeflaterOutputStream out = new DeflaterOutputStream(packed, new Deflater(1))) {
            byte[] row = new byte[1 + 8 * width];
            for (int y = 0; y < height; y++) {
                out.write(row);
            }
        }
        ByteBuffer header = ByteBuffer.allocate(13).putInt(width).putInt(height);
        header.put(new byte[] {16, 6, 0, 0, 0});
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(png);
        out.writeLong(0x89504e470d0a1a0aL);
        chunk(out, "IHDR", header.array());
        chunk(out, "IDAT", packed.toByteArray());
        chunk(out, "IEND", new byte[0]);
        return png.toByteArray();
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

    @Test
    void whatLibrariesHoldOfAPictureIsCountedAndWaitsForOthers() throws Exception {
        byte[] scans = Files.readAllBytes(Path.of("src/test/resources/fixtures/data/good/progressive.JPG"));
        ByteBuffer direct = ByteBuffer.allocateDirect(scans.length + FileBuffer.SPARE);
        JpegHeader header = JpegHeader.of(direct.put(scans).flip());
        long pixels = (long) header.width() * header.height();
        assertTrue(header.workspace() >= 3 * pixels + 2 * pixels, "the coefficients of one channel at least");
        assertTrue(header.workspace() <= 12 * pixels + 100_000, header.toString());
        PictureMemory.LIBRARIES.take(2048L << 20);
        CompletableFuture<Void> other;
        try {
            other = CompletableFuture.runAsync(() -> {
                try {
                    decode(scans);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            assertThrows(TimeoutException.class, () -> other.get(50, TimeUnit.MILLISECONDS));
        } finally {
            PictureMemory.LIBRARIES.giveBack(2048L << 20);
        }
        other.get(30, TimeUnit.SECONDS);
    }
}
