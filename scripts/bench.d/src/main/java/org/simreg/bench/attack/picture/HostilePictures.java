package org.simreg.bench.attack.picture;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.simreg.bench.attack.AttackedBanks;
import org.simreg.proto.BankStatus;
import org.simreg.proto.CreateBankRequest;
import org.simreg.proto.DescribeBankRequest;
import org.simreg.proto.ImageSource;

/**
 * An attack on the workers by a bank of pictures that are small as files, or within the bounds of a file, and take much
 * memory or work: read or left out, without harm.
 */
public final class HostilePictures {
    private static final int SIDE = 13_370;
    private static final int SCANS = 3000;
    private static final int LONG_FILE = 250_000_000;

    private static final String LEFT_OUT = Pattern.quote("[bomb.png, scans.jpg, work.jpg], and 3 are rows");

    private HostilePictures() {}

    /**
     * @param arguments host and port of a coordinator with workers; a folder that takes the pictures; weights
     */
    public static void main(String[] arguments) throws IOException {
        Path folder = Files.createDirectories(Path.of(arguments[1]).toAbsolutePath());
        write(folder);
        CreateBankRequest.Builder request = CreateBankRequest.newBuilder().setName("attack-hostile");
        ImageSource.Builder images = request.getSourceBuilder().getImagesBuilder();
        images.setSize(32).setWeights(arguments[2]).getDatasetBuilder().addPath(folder.toString());
        try (AttackedBanks attacked = new AttackedBanks("hostile pictures", arguments[0])) {
            attacked.trial("a bank of them", AttackedBanks.READY, () -> attacked.made(request.build()));
            attacked.trial("what it left out", LEFT_OUT, () -> {
                BankStatus status = attacked.search()
                        .describeBank(DescribeBankRequest.newBuilder()
                                .setName(request.getName())
                                .build());
                List<String> broken = status.getBrokenList().stream().sorted().toList();
                return broken + ", and " + status.getRows() + " are rows";
            });
            attacked.delete(request.getName());
        }
    }

    private static void write(Path folder) throws IOException {
        // 1.4 GB of raw pixels within Pillow's bound of them, read; and one row more than the bound, refused.
        Files.write(folder.resolve("deep.png"), png(SIDE, SIDE, 16, 6));
        Files.write(folder.resolve("high.png"), png(1, 178_956_970, 8, 0));
        Files.write(folder.resolve("bomb.png"), png(13_378, 13_378, 8, 0));
        byte[] jpeg = progressive();
        Files.write(folder.resolve("scans.jpg"), withScans(jpeg, SCANS, 64));
        Files.write(folder.resolve("work.jpg"), withScans(jpeg, 400, SIDE));
        byte[] plain = png(64, 64, 8, 2);
        Files.write(
                folder.resolve("long.png"),
                ByteBuffer.allocate(LONG_FILE).put(plain).array());
    }

    /** A picture within all bounds that takes a second to decode. */
    public static byte[] slow() throws IOException {
        return withScans(progressive(), 480, 4500);
    }

    /** A black picture. */
    private static byte[] png(int width, int height, int bits, int kind) throws IOException {
        int channels = kind == 6 ? 4 : kind == 2 ? 3 : 1;
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (DeflaterOutputStream out = new DeflaterOutputStream(packed, new Deflater(9), 1 << 16)) {
            byte[] rows = new byte[Math.max(1, (1 << 20) / (1 + channels * width)) * (1 + channels * width * bits / 8)];
            long left = (long) height * (1 + channels * width * bits / 8);
            for (; left > 0; left -= rows.length) {
                out.write(rows, 0, (int) Math.min(left, rows.length));
            }
        }
        ByteBuffer header = ByteBuffer.allocate(13).putInt(width).putInt(height);
        header.put(new byte[] {(byte) bits, (byte) kind, 0, 0, 0});
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(file);
        out.writeLong(0x89504e470d0a1a0aL);
        chunk(out, "IHDR", header.array());
        chunk(out, "IDAT", packed.toByteArray());
        chunk(out, "IEND", new byte[0]);
        return file.toByteArray();
    }

    /** Appends a chunk of a PNG. */
    static void chunk(DataOutputStream out, String name, byte[] data) throws IOException {
        CRC32 sum = new CRC32();
        sum.update(name.getBytes(StandardCharsets.US_ASCII));
        sum.update(data);
        out.writeInt(data.length);
        out.writeBytes(name);
        out.write(data);
        out.writeInt((int) sum.getValue());
    }

    private static byte[] progressive() throws IOException {
        ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        try (MemoryCacheImageOutputStream out = new MemoryCacheImageOutputStream(file)) {
            ImageWriteParam settings = writer.getDefaultWriteParam();
            settings.setProgressiveMode(ImageWriteParam.MODE_DEFAULT);
            writer.setOutput(out);
            writer.write(
                    null, new IIOImage(new BufferedImage(64, 64, BufferedImage.TYPE_3BYTE_BGR), null, null), settings);
        } finally {
            writer.dispose();
        }
        return file.toByteArray();
    }

    /** The same with its last scan again and again, of a picture that its header says is larger. */
    private static byte[] withScans(byte[] jpeg, int scans, int side) {
        int end = jpeg.length - 2;
        int scan = end;
        while ((jpeg[scan] & 0xff) != 0xff || (jpeg[scan + 1] & 0xff) != 0xda) {
            scan--;
        }
        ByteBuffer file = ByteBuffer.allocate(jpeg.length + scans * (end - scan));
        file.put(jpeg, 0, end);
        for (int i = 0; i < scans; i++) {
            file.put(jpeg, scan, end - scan);
        }
        file.put(jpeg, end, 2);
        for (int i = 0; ; i++) {
            if ((jpeg[i] & 0xff) == 0xff && (jpeg[i + 1] & 0xff) == 0xc2) {
                return file.putShort(i + 5, (short) side)
                        .putShort(i + 7, (short) side)
                        .array();
            }
        }
    }
}
