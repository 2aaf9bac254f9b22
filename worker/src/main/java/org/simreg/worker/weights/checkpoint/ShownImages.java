package org.simreg.worker.weights.checkpoint;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.simreg.proto.Interpolation;
import org.simreg.proto.Job;
import org.simreg.proto.Pixels;
import org.simreg.proto.Precision;
import org.simreg.proto.TeacherSource;
import org.simreg.proto.Views;

/**
 * What a run shows its student when it measures it, and how the student computes: the defaults of whoever uses the
 * student's weights. It is known of a run's checkpoints, and of students that were exported of them.
 *
 * @param size height and width of the view, pixels
 * @param resize shorter side of an image before the centre crop, pixels
 * @param interpolation how it is resized
 */
public record ShownImages(int size, int resize, Pixels pixels, Precision precision, Interpolation interpolation) {
    /** Name of the note in the metadata of exported files, and of the record in exported zips. */
    public static final String NOTE = "simreg_images";

    /** Of the job in a run's checkpoint; students see ImageNet's mean and deviation. */
    public static ShownImages of(Job job) {
        boolean bicubic = job.getViews().getInterpolation() == Views.Resizing.BICUBIC;
        return new ShownImages(
                job.getViews().getSize(),
                job.getEvaluation().getResize(),
                Pixels.IMAGENET,
                job.getPrecision(),
                bicubic ? Interpolation.BICUBIC : Interpolation.BILINEAR);
    }

    /**
     * Of weights as options name them: a file, a run folder, or {@code torchscript:FILE}, which computes in float32.
     *
     * @return empty if neither a run nor its export is there
     */
    public static Optional<ShownImages> of(String source) {
        return TeacherSource.of(source) instanceof TeacherSource.TorchScript script
                ? of(Path.of(script.file()))
                        .map(run ->
                                new ShownImages(run.size, run.resize, run.pixels, Precision.FLOAT32, run.interpolation))
                : of(Path.of(source));
    }

    /** Of a file, or of a run folder's newest checkpoint; empty if neither a run nor its export is there. */
    public static Optional<ShownImages> of(Path fileOrRun) {
        if (!Files.exists(fileOrRun)) {
            return Optional.empty();
        }
        Path file = WeightFolder.whole(RunWeights.weights(fileOrRun));
        return RunWeights.job(file).map(ShownImages::of).or(() -> note(file).flatMap(ShownImages::parsed));
    }

    private static Optional<String> note(Path file) {
        Optional<String> inSafetensors =
                Optional.ofNullable(RunWeights.notes(file).get(NOTE));
        return inSafetensors.or(() -> inZip(file));
    }

    private static Optional<String> inZip(Path file) {
        try (ZipFile zip = new ZipFile(file.toFile())) {
            Optional<? extends ZipEntry> found = zip.stream()
                    .filter(entry -> entry.getName().endsWith("/" + NOTE) && entry.getSize() < 1024)
                    .findFirst();
            if (found.isEmpty()) {
                return Optional.empty();
            }
            try (InputStream in = zip.getInputStream(found.get())) {
                return Optional.of(new String(in.readNBytes(1024), StandardCharsets.UTF_8));
            }
        } catch (IOException e) {
            return Optional.empty(); // no zip; whoever reads the weights says what is wrong with it
        }
    }

    private static Optional<ShownImages> parsed(String note) {
        Map<String, String> parts = Arrays.stream(note.split(" "))
                .map(part -> part.split("=", 2))
                .filter(pair -> pair.length == 2)
                .collect(Collectors.toMap(pair -> pair[0], pair -> pair[1], (one, other) -> one, LinkedHashMap::new));
        try {
            return Optional.of(new ShownImages(
                    Integer.parseInt(parts.getOrDefault("size", "")),
                    Integer.parseInt(parts.getOrDefault("resize", "")),
                    Pixels.valueOf(parts.getOrDefault("pixels", "").toUpperCase(Locale.ROOT)),
                    Precision.valueOf(parts.getOrDefault("precision", "").toUpperCase(Locale.ROOT)),
                    Interpolation.valueOf(
                            parts.getOrDefault("interpolation", "bilinear").toUpperCase(Locale.ROOT))));
        } catch (IllegalArgumentException e) {
            return Optional.empty(); // of a newer version
        }
    }

    /** The note for an exported file. */
    public String note() {
        String more = interpolation == Interpolation.BILINEAR ? "" : " interpolation=" + words(interpolation);
        return "size=%d resize=%d pixels=%s precision=%s%s"
                .formatted(size, resize, words(pixels), words(precision), more);
    }

    /** "bilinear view of 64 px in 73, pixels imagenet, precision float32". */
    public String text() {
        return "%s view of %d px in %d, pixels %s, precision %s"
                .formatted(words(interpolation), size, resize, words(pixels), words(precision));
    }

    private static String words(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }
}
