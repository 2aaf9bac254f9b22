package org.simreg.bench.attack.picture;

import com.google.protobuf.ByteString;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.DeflaterOutputStream;

/** Pictures of few pixels whose parts go on and on: directories, strips, frames, texts, tables. */
final class TrapPictures {
    private static final int SHORT = 3;
    private static final int LONG = 4;
    private static final int MANY = 1_000_000;

    private TrapPictures() {}

    /** Those that are refused, each as a file, by what it is. */
    static Map<String, ByteString> broken() throws IOException {
        Map<String, ByteString> pictures = new LinkedHashMap<>();
        pictures.put("a TIFF of a million directories", directories());
        pictures.put("a TIFF of a million strips", strips());
        pictures.put("a TIFF of 100,000 strips, each the whole file", sharedStrips());
        pictures.put("an icon of 65,535 pictures", icon());
        pictures.put("a PNG of 10,000 texts of a megabyte", texts());
        pictures.put("a JPEG whose EXIF directory is its own next", exif());
        return pictures;
    }

    /** Those that can be read. */
    static Map<String, ByteString> whole() throws IOException {
        Map<String, ByteString> pictures = new LinkedHashMap<>();
        pictures.put("a GIF of 500,000 frames", frames());
        pictures.put("a WebP of 65,536 tables of codes", new WebpTables(1024).file());
        pictures.put("a WebP of 13,000 x 13,000 pixels and 100,000 frames", animation());
        pictures.put("a PNG of a million chunks", chunks());
        return pictures;
    }

    private static ByteBuffer tiff(int length, int next, int... tags) {
        ByteBuffer file = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        file.put((byte) 'I').put((byte) 'I').putShort((short) 42).putInt(8);
        file.putShort((short) (tags.length / 3));
        for (int i = 0; i < tags.length; i += 3) {
            file.putShort((short) tags[i]).putShort((short) (tags[i + 1] == 1 ? SHORT : LONG));
            file.putInt(tags[i + 1]).putInt(tags[i + 2]);
        }
        return file.putInt(next);
    }

    private static ByteString directories() {
        int first = 8 + 2 + 12 + 4;
        ByteBuffer file = tiff(first + 6 * MANY, first, 256, 1, 10);
        for (int i = 0; i < MANY; i++) {
            file.putShort((short) 0).putInt(first + 6 * ((i + 1) % MANY));
        }
        return ByteString.copyFrom(file.array());
    }

    private static ByteString strips() {
        ByteBuffer file = tiff(9 * MANY, 0, 256, 1, 10, 257, 1, 10, 258, 1, 8, 273, MANY, 1000);
        return ByteString.copyFrom(file.array());
    }

    private static ByteString sharedStrips() {
        int rows = 50_000;
        int length = 10_000_000;
        int offsets = 1000;
        int counts = offsets + 4 * rows;
        ByteBuffer file = tiff(
                length, 0, 256, 1, 10, 257, 1, rows, 258, 1, 8, 259, 1, 8, 262, 1, 1, 273, rows, offsets, 278, 1, 1,
                279, rows, counts);
        for (int i = 0; i < rows; i++) {
            file.putInt(offsets + 4 * i, MANY).putInt(counts + 4 * i, length - MANY);
        }
        return ByteString.copyFrom(file.array());
    }

    private static ByteString frames() {
        int count = 500_000;
        ByteBuffer file = ByteBuffer.allocate(19 + 15 * count).order(ByteOrder.LITTLE_ENDIAN);
        file.put("GIF89a".getBytes(StandardCharsets.US_ASCII))
                .putShort((short) 10)
                .putShort((short) 10);
        file.put(new byte[] {(byte) 0x80, 0, 0, 0, 0, 0, 1, 1, 1});
        for (int i = 0; i < count; i++) {
            file.put((byte) ',').putLong(0x0001_0001_0000_0000L).put(new byte[] {0, 2, 1, 0x4c, 1, 0});
        }
        return ByteString.copyFrom(file.array());
    }

    private static ByteString icon() {
        int count = 65_535;
        ByteBuffer file = ByteBuffer.allocate(6 + 16 * count).order(ByteOrder.LITTLE_ENDIAN);
        file.putInt(1 << 16).putShort((short) count);
        for (int i = 0; i < count; i++) {
            file.putInt(0).putInt(0x0020_0001).putInt(1000).putInt(6);
        }
        return ByteString.copyFrom(file.array());
    }

    private static ByteString texts() throws IOException {
        byte[] text = packed(new byte[1 << 20]);
        ByteBuffer chunk = ByteBuffer.allocate(3 + text.length).put((byte) 'a').putShort((short) 0);
        return png("zTXt", chunk.put(text).array(), 10_000);
    }

    private static ByteString chunks() throws IOException {
        return png("teXt", new byte[0], MANY);
    }

    private static ByteString png(String name, byte[] data, int times) throws IOException {
        ByteString.Output file = ByteString.newOutput();
        try (DataOutputStream out = new DataOutputStream(file)) {
            out.writeLong(0x89504e470d0a1a0aL);
            HostilePictures.chunk(out, "IHDR", new byte[] {0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0});
            for (int i = 0; i < times; i++) {
                HostilePictures.chunk(out, name, data);
            }
            HostilePictures.chunk(out, "IDAT", packed(new byte[2]));
            HostilePictures.chunk(out, "IEND", new byte[0]);
        }
        return file.toByteString();
    }

    private static byte[] packed(byte[] bytes) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (DeflaterOutputStream out = new DeflaterOutputStream(packed)) {
            out.write(bytes);
        }
        return packed.toByteArray();
    }

    private static ByteString animation() {
        int count = 100_000;
        int side = 13_000 - 1;
        int frame = 8 + 16 + 8 + 14;
        ByteBuffer file = ByteBuffer.allocate(12 + 18 + 14 + frame * count).order(ByteOrder.LITTLE_ENDIAN);
        file.put("RIFF".getBytes(StandardCharsets.US_ASCII)).putInt(file.capacity() - 8);
        file.put("WEBPVP8X".getBytes(StandardCharsets.US_ASCII)).putInt(10).putInt(2);
        file.putShort((short) side).put((byte) 0).putShort((short) side).put((byte) 0);
        file.put("ANIM".getBytes(StandardCharsets.US_ASCII)).putInt(6).putInt(0).putShort((short) 0);
        for (int i = 0; i < count; i++) {
            file.put("ANMF".getBytes(StandardCharsets.US_ASCII)).putInt(frame - 8);
            file.putLong(0).putInt(0).putInt(100);
            file.put("VP8L".getBytes(StandardCharsets.US_ASCII))
                    .putInt(13)
                    .put((byte) 0x2f)
                    .putInt(0);
            file.put(new byte[] {(byte) 0x88, (byte) 0x88, 8, 0, 0, 0, 0, 0, 0});
        }
        return ByteString.copyFrom(file.array());
    }

    private static ByteString exif() {
        ByteBuffer file = ByteBuffer.allocate(40).order(ByteOrder.BIG_ENDIAN);
        file.putInt(0xffd8ffe1).putShort((short) 34).put("Exif\0\0".getBytes(StandardCharsets.US_ASCII));
        file.put("II*\0".getBytes(StandardCharsets.US_ASCII)).order(ByteOrder.LITTLE_ENDIAN);
        file.putInt(8)
                .putShort((short) 1)
                .putShort((short) 0x8769)
                .putShort((short) LONG)
                .putInt(1)
                .putInt(8);
        return ByteString.copyFrom(file.putInt(8).array());
    }
}
