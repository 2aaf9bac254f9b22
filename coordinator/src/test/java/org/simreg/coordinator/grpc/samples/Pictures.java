package org.simreg.coordinator.grpc.samples;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import javax.imageio.ImageIO;

/** A data set of small pictures of noise, in a folder of a test. */
public final class Pictures {
    final Path root;

    public Pictures(Path root) {
        this.root = root;
    }

    /** Pictures 0 to count - 1 of a class folder, PNG and JPEG by turns. */
    public Pictures add(String folder, int count) {
        for (int i = 0; i < count; i++) {
            String ending = i % 2 == 0 ? "png" : "jpg";
            String name = "%02d.%s".formatted(i, ending);
            write(Path.of(folder, name).toString(), noise(ending, folder.hashCode() + i));
        }
        return this;
    }

    static byte[] noise(String format, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        BufferedImage image = new BufferedImage(48, 40, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                image.setRGB(x, y, random.nextInt());
            }
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            ImageIO.write(image, format, bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    Pictures write(String path, byte[] bytes) {
        try {
            Path file = root.resolve(path);
            Files.createDirectories(file.getParent());
            Files.write(file, bytes);
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
