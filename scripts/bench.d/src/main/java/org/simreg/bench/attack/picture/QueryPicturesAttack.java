package org.simreg.bench.attack.picture;

import com.google.protobuf.ByteString;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import org.simreg.bench.attack.AttackedBanks;
import org.simreg.proto.CreateBankRequest;
import org.simreg.proto.SearchRequest;
import org.simreg.proto.SearchResponse;

/**
 * An attack on the workers' memory by pictures that are asked with: small files that take gigabytes to decode, each
 * asked with again and again. A good picture at the end shows that the workers are there.
 */
public final class QueryPicturesAttack {
    private static final int TIMES = 3;
    private static final String FOUND = "found row \\d+";

    private QueryPicturesAttack() {}

    /**
     * @param arguments host and port of a coordinator with workers; a folder of pictures; weights
     */
    public static void main(String[] arguments) throws Exception {
        Map<String, ByteString> pictures = new LinkedHashMap<>();
        pictures.put("a PNG of 13,370 x 13,370 pixels, 16-bit RGBA", png(13_370, 13_370, 16, 6));
        pictures.put("a PNG of 60,000 x 2,900 pixels, 16-bit RGBA", png(60_000, 2_900, 16, 6));
        pictures.put("a PNG of 13,370 x 13,370 pixels, grey", png(13_370, 13_370, 8, 0));
        // They are read, row by row.
        Set<String> large = Set.copyOf(pictures.keySet());
        pictures.put("a PNG whose header claims 2,000,000,000 pixels a side", header(2_000_000_000));
        pictures.put("no picture", ByteString.copyFromUtf8("no picture"));
        pictures.put("nothing", ByteString.EMPTY);
        String bank = "attack-pictures";
        CreateBankRequest.Builder request = CreateBankRequest.newBuilder().setName(bank);
        request.getSourceBuilder().getImagesBuilder().setSize(32).setWeights(arguments[2]);
        request.getSourceBuilder()
                .getImagesBuilder()
                .getDatasetBuilder()
                .addPath(Path.of(arguments[1]).toAbsolutePath().toString());
        try (AttackedBanks attacked = new AttackedBanks("query pictures", arguments[0])) {
            attacked.trial("a bank of " + arguments[1], AttackedBanks.READY, () -> attacked.made(request.build()));
            for (int i = 0; i < TIMES; i++) {
                pictures.forEach((what, file) -> attacked.trial(
                        what + ", " + file.size() + " bytes",
                        large.contains(what) ? FOUND : AttackedBanks.NO_IMAGE,
                        () -> asked(attacked, bank, file)));
            }
            attacked.trial("a good picture after all of them", FOUND, () -> asked(attacked, bank, png(40, 40, 8, 2)));
            attacked.delete(bank);
        }
    }

    private static String asked(AttackedBanks attacked, String bank, ByteString file) {
        SearchResponse found = attacked.search()
                .search(SearchRequest.newBuilder()
                        .setBank(bank)
                        .setK(1)
                        .addImages(file)
                        .build());
        return "found row " + found.getFound(0).getHits(0).getId();
    }

    /** A black picture. */
    private static ByteString png(int width, int height, int depth, int type) {
        int channels = type == 6 ? 4 : type == 2 ? 3 : 1;
        byte[] row = new byte[1 + width * channels * depth / 8];
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (DeflaterOutputStream out = new DeflaterOutputStream(packed, new Deflater(1))) {
            for (int y = 0; y < height; y++) {
                out.write(row);
            }
        } catch (IOException e) {
            throw new IllegalStateException("memory doesn't fail to be written", e);
        }
        return file(width, height, depth, type, packed.toByteArray());
    }

    private static ByteString header(int side) {
        return file(side, side, 8, 2, new byte[100]);
    }

    private static ByteString file(int width, int height, int depth, int type, byte[] data) {
        ByteString.Output file = ByteString.newOutput();
        try (DataOutputStream out = new DataOutputStream(file)) {
            out.write(new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'});
            ByteArrayOutputStream head = new ByteArrayOutputStream();
            DataOutputStream fields = new DataOutputStream(head);
            fields.writeInt(width);
            fields.writeInt(height);
            fields.write(new byte[] {(byte) depth, (byte) type, 0, 0, 0});
            chunk(out, "IHDR", head.toByteArray());
            chunk(out, "IDAT", data);
            chunk(out, "IEND", new byte[0]);
        } catch (IOException e) {
            throw new IllegalStateException("memory doesn't fail to be written", e);
        }
        return file.toByteString();
    }

    private static void chunk(DataOutputStream out, String name, byte[] data) throws IOException {
        byte[] type = name.getBytes(StandardCharsets.ISO_8859_1);
        CRC32 crc = new CRC32();
        crc.update(type);
        crc.update(data);
        out.writeInt(data.length);
        out.write(type);
        out.write(data);
        out.writeInt((int) crc.getValue());
    }
}
