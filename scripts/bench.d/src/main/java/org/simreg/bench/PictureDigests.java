package org.simreg.bench;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.simreg.worker.data.image.ImageDecoder;
import org.simreg.worker.data.image.RgbImage;

/**
 * The decoder behind a pipe: takes image files from standard input, each with its length (four bytes, big-endian) ahead,
 * and answers each with a line, {@code ok WIDTH HEIGHT SHA256} of its RGB bytes or {@code refused REASON}.
 */
public final class PictureDigests {
    private static final long MAX_PIXELS = 178_956_970;

    private PictureDigests() {}

    /** See the class. */
    public static void main(String[] arguments) throws IOException, NoSuchAlgorithmException {
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        RgbImage pixels = new RgbImage();
        try (ImageDecoder decoder = new ImageDecoder(MAX_PIXELS);
                DataInputStream in = new DataInputStream(System.in)) {
            while (true) {
                byte[] file = new byte[in.readInt()];
                in.readFully(file);
                try {
                    decoder.decode(into -> into.room(file.length).put(file).flip(), pixels);
                    digest.update(pixels.rgb, 0, 3 * pixels.width * pixels.height);
                    out.println("ok " + pixels.width + " " + pixels.height + " "
                            + HexFormat.of().formatHex(digest.digest()));
                } catch (ImageDecoder.UnreadableImage e) {
                    out.println("refused " + e.getMessage().replaceAll("\\s", " "));
                }
                out.flush();
            }
        } catch (EOFException e) {
            // All files were answered.
        }
    }
}
