package org.simreg.coordinator.search.bank;

import java.nio.file.Path;
import java.util.Optional;
import org.simreg.proto.BankSource;
import org.simreg.proto.CreateBankRequest;
import org.simreg.proto.FeatureSource;
import org.simreg.proto.ImageSource;
import org.simreg.proto.Refused;
import org.simreg.proto.Roots;
import org.simreg.proto.TeacherSource;
import org.simreg.proto.UserError;
import org.simreg.worker.weights.checkpoint.RunWeights;
import org.simreg.worker.weights.checkpoint.ShownImages;

/** The rules that a request to make a bank must keep. */
final class BankRules {
    private static final int MOST_SHARDS = 4096;
    private static final int MOST_REPLICAS = 16;
    private static final int LEAST_SIZE = 8;
    private static final int MOST_SIZE = 1024;
    private static final int USUAL_SIZE = 224;

    private BankRules() {}

    /**
     * Checks what can be checked without a look at the disk.
     *
     * @return the source with defaults for what is absent
     * @throws Refused if something is wrong; the message names the field and the value
     */
    static BankSource checked(CreateBankRequest request) {
        require(
                request.getName().matches("[\\p{L}\\p{N}][\\p{L}\\p{N}._-]{0,99}"),
                "name: '%s' can't name a bank; begin with a letter or digit, then letters, digits or . - _, up to 100"
                        .formatted(request.getName()));
        require(
                !request.hasShards() || within(request.getShards(), 1, MOST_SHARDS),
                "shards: %d is out of bounds; choose 1 to %d".formatted(request.getShards(), MOST_SHARDS));
        require(
                !request.hasReplicas() || within(request.getReplicas(), 1, MOST_REPLICAS),
                "replicas: %d is out of bounds; choose 1 to %d".formatted(request.getReplicas(), MOST_REPLICAS));
        return switch (request.getSource().getSourceCase()) {
            case IMAGES ->
                BankSource.newBuilder()
                        .setImages(images(request.getSource().getImages()))
                        .build();
            case FEATURES -> features(request.getSource());
            case SOURCE_NOT_SET -> throw invalid("source: it is missing; give images or features");
        };
    }

    private static ImageSource images(ImageSource asked) {
        require(asked.getDataset().getPathCount() > 0, "source.images.dataset.path: is missing");
        require(!asked.getWeights().isEmpty(), "source.images.weights: is missing");
        if (asked.hasSize()) {
            requireView(asked.getSize(), asked.hasResize() ? asked.getResize() : asked.getSize() * 8 / 7);
        }
        return asked;
    }

    private static void requireView(int size, int resize) {
        require(
                within(size, LEAST_SIZE, MOST_SIZE),
                "source.images.size: %d is out of bounds; choose %d to %d pixels"
                        .formatted(size, LEAST_SIZE, MOST_SIZE));
        require(
                within(resize, size, 2 * MOST_SIZE),
                "source.images.resize: %d is out of bounds; choose %d to %d pixels"
                        .formatted(resize, size, 2 * MOST_SIZE));
    }

    /**
     * A checked source with the files that it means now, and with what their run showed its student where nothing else is
     * asked; looks at the disk, though at nothing above the roots.
     *
     * @throws UserError if a file lies elsewhere, or there is none
     */
    static BankSource found(BankSource checked, Roots roots) {
        roots.check(checked);
        if (!checked.hasImages()) {
            return checked;
        }
        BankSource.Builder found = checked.toBuilder();
        found.getImagesBuilder().setWeights(weights(checked.getImages().getWeights()));
        roots.check(found.build());
        return found.setImages(viewed(found.getImages())).build();
    }

    private static ImageSource viewed(ImageSource asked) {
        Optional<ShownImages> shown = ShownImages.of(asked.getWeights());
        int size =
                asked.hasSize() ? asked.getSize() : shown.map(ShownImages::size).orElse(USUAL_SIZE);
        int usual =
                asked.hasSize() || shown.isEmpty() ? size * 8 / 7 : shown.get().resize();
        int resize = asked.hasResize() ? asked.getResize() : usual;
        requireView(size, resize);
        ImageSource.Builder source =
                asked.toBuilder().setSize(size).setResize(resize).setAsTrained(true);
        if (!asked.hasPixels()) {
            shown.ifPresent(run -> source.setPixels(run.pixels()));
        }
        if (!asked.hasInterpolation()) {
            shown.ifPresent(run -> source.setInterpolation(run.interpolation()));
        }
        if (!asked.hasPrecision()) {
            shown.ifPresent(run -> source.setPrecision(run.precision()));
        }
        return source.build();
    }

    /** Of a run folder its newest checkpoint now: the bank must not change with the run. */
    private static String weights(String source) {
        return TeacherSource.of(source) instanceof TeacherSource.Weights weights
                ? RunWeights.weights(Path.of(weights.file())).toString()
                : source;
    }

    private static BankSource features(BankSource source) {
        FeatureSource features = source.getFeatures();
        require(!features.getFeatures().isEmpty(), "source.features.features: is missing");
        return source;
    }

    private static boolean within(int value, int least, int most) {
        return value >= least && value <= most;
    }

    private static void require(boolean fine, String what) {
        if (!fine) {
            throw invalid(what);
        }
    }

    private static Refused invalid(String what) {
        return new Refused(Refused.Kind.INVALID, "The bank is refused: " + what);
    }
}
