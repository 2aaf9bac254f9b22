package org.simreg.bench.attack.picture;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.simreg.bench.attack.AttackedBanks;
import org.simreg.proto.SearchRequest;

/**
 * An attack on the workers by pictures of other formats than PNG that are asked with: headers that claim gigabytes,
 * directories in a circle, packed data that never ends.
 */
public final class FormatsAttack {
    private static final String FOUND = "found 1";

    private FormatsAttack() {}

    /**
     * @param arguments host and port of a coordinator with workers, and a bank of images that is ready
     */
    public static void main(String[] arguments) throws IOException {
        Map<String, ByteString> pictures = new LinkedHashMap<>();
        pictures.put("a GIF of 65,535 x 65,535 pixels in 40 bytes", gif(65_535));
        pictures.put("a GIF of 13,000 x 13,000 pixels in 40 bytes", gif(13_000));
        pictures.put("a BMP of 2,000,000,000 pixels a side", bmp(2_000_000_000));
        pictures.put("a BMP of 13,000 pixels a side without any", bmp(13_000));
        pictures.put("a PPM of 99,999 x 99,999 pixels", text("P6 99999 99999 255\n"));
        pictures.put("a PPM whose width has a million digits", text("P3 " + "9".repeat(1_000_000) + " 1 255\n"));
        pictures.put("a TIFF whose directory is its own next", tiff(false));
        pictures.put("a TIFF of 4 billion strips", tiff(true));
        pictures.put("a WebP of 16,384 x 16,384 pixels without any", webp());
        pictures.put("10 MB of the beginnings of a JPEG", begun(10_000_000));
        pictures.putAll(TrapPictures.broken());
        Map<String, ByteString> whole = TrapPictures.whole();
        pictures.putAll(whole);
        try (AttackedBanks attacked = new AttackedBanks("formats", arguments[0])) {
            pictures.forEach((what, file) ->
                    attacked.trial(what, whole.containsKey(what) ? FOUND : AttackedBanks.NO_IMAGE, () -> {
                        SearchRequest request = SearchRequest.newBuilder()
                                .setBank(arguments[1])
                                .setK(1)
                                .addImages(file)
                                .build();
                        return "found " + attacked.search().search(request).getFoundCount();
                    }));
        }
    }

    private static ByteString text(String text) {
        return ByteString.copyFrom(text, StandardCharsets.US_ASCII);
    }

    private static ByteString gif(int side) {
        ByteBuffer file = ByteBuffer.allocate(40).order(ByteOrder.LITTLE_ENDIAN);
        file.put("GIF89a".getBytes(StandardCharsets.US_ASCII));
        file.putShort((short) side).putShort((short) side).put(new byte[] {(byte) 0x80, 0, 0, 0, 0, 0, 1, 1, 1});
        file.put((byte) ',').putInt(0).putShort((short) side).putShort((short) side);
        file.put(new byte[] {0, 2, 1, 0x44, 0, ';'});
        return ByteString.copyFrom(file.array());
    }

    private static ByteString bmp(int side) {
        ByteBuffer file = ByteBuffer.allocate(60).order(ByteOrder.LITTLE_ENDIAN);
        file.put((byte) 'B').put((byte) 'M').putInt(60).putInt(0).putInt(54).putInt(40);
        file.putInt(side).putInt(side).putShort((short) 1).putShort((short) 24);
        return ByteString.copyFrom(file.array());
    }

    private static ByteString tiff(boolean strips) {
        ByteBuffer file = ByteBuffer.allocate(100).order(ByteOrder.LITTLE_ENDIAN);
        file.put((byte) 'I').put((byte) 'I').putShort((short) 42).putInt(8).putShort((short) 4);
        entry(file, 256, 1, 1000);
        entry(file, 257, 1, 1000);
        entry(file, 273, strips ? -1 : 1, 90);
        entry(file, 279, strips ? -1 : 1, 90);
        file.putInt(8);
        return ByteString.copyFrom(file.array());
    }

    private static void entry(ByteBuffer file, int tag, int count, int value) {
        file.putShort((short) tag).putShort((short) 4).putInt(count).putInt(value);
    }

    private static ByteString webp() {
        ByteBuffer file = ByteBuffer.allocate(40).order(ByteOrder.LITTLE_ENDIAN);
        file.put("RIFF".getBytes(StandardCharsets.US_ASCII)).putInt(32);
        file.put("WEBPVP8L".getBytes(StandardCharsets.US_ASCII)).putInt(20).put((byte) 0x2f);
        file.putInt(0x0FFFFFFF);
        return ByteString.copyFrom(file.array());
    }

    private static ByteString begun(int bytes) {
        ByteBuffer file = ByteBuffer.allocate(bytes);
        while (file.remaining() >= 4) {
            file.putInt(0xFFD8FFE0);
        }
        return ByteString.copyFrom(file.array());
    }
}
