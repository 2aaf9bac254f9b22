package org.simreg.bench;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;

/**
 * Made-up photographs: noise whose strength falls with its frequency, as in nature, and some edges.
 * As files they are about as large as photographs of that size.
 */
final class BenchPictures {
    private static final int WIDTH = 500;
    private static final int HEIGHT = 375;
    private static final int OCTAVES = 8;
    private static final float QUALITY = 0.9f;

    private BenchPictures() {}

    static void write(Path folder, int pictures) throws IOException {
        Files.createDirectories(folder);
        for (int i = 0; i < pictures; i++) {
            save(picture(new Random(i)), folder.resolve("picture-%03d.jpg".formatted(i)));
        }
    }

    private static BufferedImage picture(Random random) {
        float[][] planes = {noise(random), noise(random), noise(random)};
        BufferedImage image = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < HEIGHT; y++) {
            for (int x = 0; x < WIDTH; x++) {
                int i = y * WIDTH + x;
                float light = planes[0][i];
                int red = level(light + 0.3f * planes[1][i]);
                int green = level(light);
                int blue = level(light + 0.3f * planes[2][i]);
                image.setRGB(x, y, red << 16 | green << 8 | blue);
            }
        }
        edges(image, random);
        return image;
    }

    private static int level(float value) {
        return Math.max(0, Math.min(255, Math.round(128 + value)));
    }

    private static float[] noise(Random random) {
        float[] plane = new float[WIDTH * HEIGHT];
        for (int octave = 0; octave < OCTAVES; octave++) {
            int cell = 1 << (OCTAVES - octave - 1);
            add(plane, random, cell, 6f * (float) Math.pow(cell, 0.6));
        }
        return plane;
    }

    private static void add(float[] plane, Random random, int cell, float strength) {
        int across = WIDTH / cell + 2;
        float[] grid = new float[across * (HEIGHT / cell + 2)];
        for (int i = 0; i < grid.length; i++) {
            grid[i] = (random.nextFloat() * 2 - 1) * strength;
        }
        for (int y = 0; y < HEIGHT; y++) {
            float v = y % cell / (float) cell;
            for (int x = 0; x < WIDTH; x++) {
                float u = x % cell / (float) cell;
                int g = y / cell * across + x / cell;
                float top = grid[g] + u * (grid[g + 1] - grid[g]);
                float bottom = grid[g + across] + u * (grid[g + across + 1] - grid[g + across]);
                plane[y * WIDTH + x] += top + v * (bottom - top);
            }
        }
    }

    private static void edges(BufferedImage image, Random random) {
        Graphics2D canvas = image.createGraphics();
        canvas.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        for (int i = 0; i < 12; i++) {
            canvas.setColor(new Color(random.nextInt(1 << 24)));
            canvas.setStroke(new BasicStroke(1 + random.nextInt(6)));
            int width = 20 + random.nextInt(150);
            int height = 20 + random.nextInt(150);
            canvas.drawOval(random.nextInt(WIDTH), random.nextInt(HEIGHT), width, height);
        }
        canvas.dispose();
    }

    private static void save(BufferedImage image, Path file) throws IOException {
        ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
        ImageWriteParam settings = writer.getDefaultWriteParam();
        settings.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
        settings.setCompressionQuality(QUALITY);
        try (ImageOutputStream out = ImageIO.createImageOutputStream(Files.newOutputStream(file))) {
            writer.setOutput(out);
            writer.write(null, new IIOImage(image, null, null), settings);
        } finally {
            writer.dispose();
        }
    }
}
