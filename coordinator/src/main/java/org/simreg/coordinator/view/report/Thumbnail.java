package org.simreg.coordinator.view.report;

import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Iterator;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import javax.imageio.ImageIO;
import javax.imageio.ImageReadParam;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import org.simreg.worker.base.io.UserFile;

/**
 * A small picture of an image file for a page, as a {@code data:} address. A small file that
 * browsers know goes in as it is; a larger one is reduced to {@value #SIDE} pixels, read with
 * subsampling so that a huge image costs little memory.
 */
final class Thumbnail {
    private static final int SIDE = 160;
    private static final long AS_IT_IS = 12_000;

    /** Most bytes of a file that browsers know and ImageIO doesn't: WebP, CMYK. */
    private static final long UNREDUCED = 600_000;

    private static final Map<String, String> BROWSER_TYPES = Map.of(
            "png", "image/png",
            "jpg", "image/jpeg",
            "jpeg", "image/jpeg",
            "gif", "image/gif",
            "webp", "image/webp",
            "bmp", "image/bmp");

    static {
        // Drawing into memory needs no screen, but without this Java looks for one.
        System.setProperty("java.awt.headless", "true");
    }

    private Thumbnail() {}

    /** The address, or nothing if the file is absent or no image that can be shown. */
    static Optional<String> of(Path file) {
        try {
            Optional<String> type = Optional.ofNullable(BROWSER_TYPES.get(extension(file)));
            long bytes = Files.size(file);
            if (type.isPresent() && bytes <= AS_IT_IS) {
                return Optional.of(address(type.get(), UserFile.bytes(file, (int) bytes)));
            }
            Optional<BufferedImage> image = read(file);
            if (image.isPresent()) {
                return Optional.of(address("image/png", png(image.get())));
            }
            return type.isPresent() && bytes <= UNREDUCED
                    ? Optional.of(address(type.get(), UserFile.bytes(file, (int) bytes)))
                    : Optional.empty();
        } catch (IOException unreadable) {
            return Optional.empty();
        }
    }

    private static String extension(Path file) {
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        return name.substring(name.lastIndexOf('.') + 1);
    }

    private static String address(String type, byte[] bytes) {
        return "data:" + type + ";base64," + Base64.getEncoder().encodeToString(bytes);
    }

    /** Nothing if ImageIO can't read it. */
    private static Optional<BufferedImage> read(Path file) throws IOException {
        try (ImageInputStream input = ImageIO.createImageInputStream(file.toFile())) {
            Iterator<ImageReader> readers = ImageIO.getImageReaders(input);
            if (!readers.hasNext()) {
                return Optional.empty();
            }
            ImageReader reader = readers.next();
            try {
                reader.setInput(input, true, true);
                ImageReadParam every = reader.getDefaultReadParam();
                int step = Math.max(1, Math.min(reader.getWidth(0), reader.getHeight(0)) / (2 * SIDE));
                every.setSourceSubsampling(step, step, 0, 0);
                return Optional.of(reduced(reader.read(0, every)));
            } catch (IOException | RuntimeException unsupported) {
                // Readers of ImageIO throw unchecked exceptions for some broken files.
                return Optional.empty();
            } finally {
                reader.dispose();
            }
        }
    }

    private static BufferedImage reduced(BufferedImage image) {
        double scale = Math.min(1, (double) SIDE / Math.max(image.getWidth(), image.getHeight()));
        int width = (int) Math.max(1, Math.round(scale * image.getWidth()));
        int height = (int) Math.max(1, Math.round(scale * image.getHeight()));
        boolean clear = image.getColorModel().hasAlpha();
        BufferedImage small =
                new BufferedImage(width, height, clear ? BufferedImage.TYPE_INT_ARGB : BufferedImage.TYPE_INT_RGB);
        Graphics2D pen = small.createGraphics();
        pen.setRenderingHint(RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
        pen.drawImage(image, 0, 0, width, height, null);
        pen.dispose();
        return small;
    }

    private static byte[] png(BufferedImage image) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ImageIO.write(image, "png", bytes);
        return bytes.toByteArray();
    }
}
