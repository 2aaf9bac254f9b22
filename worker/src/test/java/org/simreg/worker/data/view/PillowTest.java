package org.simreg.worker.data.view;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.simreg.proto.Interpolation;
import org.simreg.worker.base.random.CounterRandom;
import org.simreg.worker.data.image.ImageFixtures;
import org.simreg.worker.data.image.RgbImage;

/** Pixels and crops, against Pillow's and torchvision's. */
class PillowTest {
    @Test
    void resizingGivesPillowsBytes() {
        byte[] expected = ImageFixtures.bytes("resize.bin");
        Resampler resampler = new Resampler();
        Interpolation[] filters = {Interpolation.BILINEAR, Interpolation.BICUBIC};
        for (String[] words : ImageFixtures.lines("resize.txt")) {
            int[] n = Arrays.stream(words).mapToInt(Integer::parseInt).toArray();
            Crop box = new Crop(n[0], n[1], n[2], n[3]);
            byte[] out = new byte[3 * n[4] * n[5]];
            resampler.resize(ImageFixtures.photo(), box, n[4], n[5], Crop.whole(n[4], n[5]), false, filters[n[6]], out);
            String what = "%s to %d x %d, %s".formatted(box, n[4], n[5], filters[n[6]]);
            ImageFixtures.assertSamePixels(ImageFixtures.part(expected, n[7], out.length), out, what);
        }
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "UNRECOGNIZED")
    void aWindowOfAResizeIsThatPartOfTheWhole(Interpolation filter) {
        Resampler resampler = new Resampler();
        Crop all = Crop.whole(ImageFixtures.WIDTH, ImageFixtures.HEIGHT);
        byte[] whole = new byte[3 * 50 * 40];
        resampler.resize(ImageFixtures.photo(), all, 50, 40, Crop.whole(50, 40), false, filter, whole);
        byte[] window = new byte[3 * 20 * 10];
        resampler.resize(ImageFixtures.photo(), all, 50, 40, new Crop(7, 29, 20, 10), true, filter, window);
        for (int y = 0; y < 10; y++) {
            for (int x = 0; x < 20; x++) {
                int from = 3 * ((29 + y) * 50 + 7 + 19 - x);
                int to = 3 * (20 * y + x);
                ImageFixtures.assertSamePixels(
                        ImageFixtures.part(whole, from, 3), ImageFixtures.part(window, to, 3), x + "," + y);
            }
        }
    }

    @Test
    void randomCropsAreTorchvisions() {
        for (String[] words : ImageFixtures.lines("crops.txt")) {
            CounterRandom random = CounterRandom.of(
                    Long.parseLong(words[0]),
                    CounterRandom.VIEWS,
                    Long.parseLong(words[1]),
                    Long.parseLong(words[2]),
                    0);
            Crop crop = Crop.random(
                    Integer.parseInt(words[3]), Integer.parseInt(words[4]), Double.parseDouble(words[5]), random);
            String expected = "%s %s %s %s".formatted((Object[]) Arrays.copyOfRange(words, 6, 10));
            assertEquals(
                    expected,
                    "%d %d %d %d".formatted(crop.x(), crop.y(), crop.width(), crop.height()),
                    String.join(" ", words));
        }
    }

    @Test
    void jitterGreyAndBlurGivePillowsBytes() {
        byte[] bytes = ImageFixtures.bytes("operations.bin");
        int length = 3 * 31 * 23;
        List<String[]> cases = ImageFixtures.lines("operations.txt");
        for (String[] words : cases) {
            byte[] rgb = ImageFixtures.part(bytes, 0, length);
            change(words[0], rgb, Double.parseDouble(words[1]));
            byte[] expected = ImageFixtures.part(bytes, Integer.parseInt(words[2]), length);
            ImageFixtures.assertSamePixels(expected, rgb, words[0] + " " + words[1]);
        }
        assertEquals(31, cases.size());
    }

    private static void change(String operation, byte[] rgb, double amount) {
        switch (operation) {
            case "source" -> assertEquals(0, amount);
            case "brightness" -> ColourChanges.brightness(rgb, rgb.length, (float) amount);
            case "contrast" -> ColourChanges.contrast(rgb, rgb.length, (float) amount);
            case "saturation" -> ColourChanges.saturation(rgb, rgb.length, (float) amount);
            case "hue" -> ColourChanges.hue(rgb, rgb.length, amount);
            case "grey" -> ColourChanges.grey(rgb, rgb.length);
            case "blur" -> new GaussianBlur().blur(rgb, 31, 23, amount);
            default -> throw new IllegalArgumentException(operation);
        }
    }

    /**
     * A grid over all colours: every branch of the conversions, and the rounding at their borders.
     */
    @Test
    void hueAndGreyOfAllColoursAreThoseOfPillow() {
        for (String[] words : ImageFixtures.lines("colours.txt")) {
            byte[] rgb = colours();
            if (words[0].equals("grey")) {
                ColourChanges.grey(rgb, rgb.length);
            } else {
                ColourChanges.hue(rgb, rgb.length, Double.parseDouble(words[0]));
            }
            CRC32 sum = new CRC32();
            sum.update(rgb);
            assertEquals(Long.parseLong(words[1]), sum.getValue(), words[0]);
        }
    }

    private static byte[] colours() {
        int[] levels = IntStream.range(0, 256)
                .filter(v -> v % 5 == 0 || v < 3 || v > 252 || v == 127 || v == 128)
                .toArray();
        byte[] rgb = new byte[3 * levels.length * levels.length * levels.length];
        int i = 0;
        for (int red : levels) {
            for (int green : levels) {
                for (int blue : levels) {
                    rgb[i++] = (byte) red;
                    rgb[i++] = (byte) green;
                    rgb[i++] = (byte) blue;
                }
            }
        }
        return rgb;
    }

    @Test
    void wholeViewsAreTorchvisions() {
        byte[] bytes = ImageFixtures.bytes("views.bin");
        ViewRenderer views = new ViewRenderer();
        for (String[] words : ImageFixtures.lines("views.txt")) {
            boolean random = words[0].equals("random");
            ViewRecipe recipe = random ? random(words) : centre(words);
            RgbImage photo = random
                    ? ImageFixtures.photo()
                    : ImageFixtures.photo(Integer.parseInt(words[1]), Integer.parseInt(words[2]));
            CounterRandom draws = CounterRandom.of(5, CounterRandom.VIEWS, 7, Long.parseLong(words[1]), 1);
            byte[] out = new byte[3 * recipe.size() * recipe.size()];
            views.make(photo, recipe, draws, out);
            byte[] expected = ImageFixtures.part(bytes, Integer.parseInt(words[5]), out.length);
            ImageFixtures.assertSamePixels(expected, out, String.join(" ", words));
        }
    }

    private static ViewRecipe random(String[] words) {
        return new ViewRecipe.RandomView(
                Integer.parseInt(words[2]), Double.parseDouble(words[3]), Boolean.parseBoolean(words[4]));
    }

    private static ViewRecipe centre(String[] words) {
        return new ViewRecipe.CentreView(Integer.parseInt(words[3]), Integer.parseInt(words[4]));
    }
}
