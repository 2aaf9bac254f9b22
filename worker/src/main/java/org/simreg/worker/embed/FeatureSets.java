package org.simreg.worker.embed;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.simreg.proto.UserError;
import org.simreg.worker.data.CentreView;
import org.simreg.worker.data.ImageFolder;
import org.simreg.worker.data.LoaderSettings;
import org.simreg.worker.data.RandomView;
import org.simreg.worker.data.Splits;
import org.simreg.worker.evaluate.FeatureBank;
import org.simreg.worker.torchscript.Torch;

/**
 * The features of a labelled data set by one frozen network, in the evaluation view: computed, or
 * read from a folder where they were kept. It closes neither network nor libtorch.
 */
public final class FeatureSets implements AutoCloseable {
    private final Backbone backbone;
    private final Settings settings;
    private final String profile;
    private final Splits splits;
    private final Embedding train;
    private final Embedding val;

    /**
     * How features are computed and kept.
     *
     * @param view of every image
     * @param loader decode threads; its seed decides random views
     * @param cache folder where features are kept; none: nothing is
     * @param notices sentences for people, also from decode threads
     */
    public record Settings(
            CentreView view,
            LoaderSettings loader,
            Optional<Path> cache,
            Consumer<String> notices) {}

    /**
     * @throws UserError if the data set has no labelled train and val part
     */
    public FeatureSets(Torch torch, Backbone backbone, Splits splits, Settings settings) {
        this.backbone = backbone;
        this.settings = settings;
        this.splits = splits;
        profile = torch.profile();
        ImageFolder asked = splits.val().orElseThrow();
        train = new Embedding(torch, splits.train(), settings.loader(), settings.notices());
        val = new Embedding(torch, asked, settings.loader(), settings.notices());
    }

    /** The images. */
    public Splits splits() {
        return splits;
    }

    /** Features of the train images, in the order of ids. */
    public FeatureBank train(Course course) {
        return bank(train, course);
    }

    /** Features of the val images, in the order of ids. */
    public FeatureBank val(Course course) {
        return bank(val, course);
    }

    /**
     * Features of fresh views of the train images: crops that cover at least {@code minArea}, half
     * of them flipped. Never kept.
     *
     * @param epoch part of the draws
     * @param ids in the order in which rows leave
     */
    public void augmented(double minArea, int epoch, int[] ids, Course course, Rows rows) {
        RandomView view = new RandomView(settings.view().size(), minArea, false);
        train.run(backbone, new Embedding.Pass(view, epoch, ids), course, rows);
    }

    /** Features of the train images at every stage of the network, in the order of the stages. */
    public List<FeatureBank> trainStages(Course course) {
        return stages(train, course);
    }

    /** Features of the val images at every stage of the network, in the order of the stages. */
    public List<FeatureBank> valStages(Course course) {
        return stages(val, course);
    }

    private List<FeatureBank> stages(Embedding part, Course course) {
        Splitting splitting = new Splitting(part.images().size(), backbone.stages());
        fill(part, course, splitting);
        return splitting.banks();
    }

    private FeatureBank bank(Embedding part, Course course) {
        Filling filling = new Filling(part.images().size());
        fill(part, course, filling);
        return filling.bank();
    }

    private void fill(Embedding part, Course course, Rows rows) {
        if (settings.cache().isEmpty()) {
            Embedding.Pass pass = new Embedding.Pass(settings.view(), 0, part.all());
            part.run(backbone, pass, course, rows);
            return;
        }
        FeatureFile file = FeatureFile.in(settings.cache().get(), name(part), key(part));
        if (!file.exists()) {
            file.write(part, backbone, settings.view(), course);
        }
        file.read(course, rows);
    }

    private static String name(Embedding part) {
        return part.images().folder().isEmpty() ? "images" : part.images().folder();
    }

    private String key(Embedding part) {
        Backbone.Identity network = backbone.identity();
        return String.join(
                "; ",
                "weights " + network.sha256(),
                "network " + network.network(),
                "precision " + network.precision(),
                "view resize %d crop %d"
                        .formatted(settings.view().resize(), settings.view().size()),
                "stages " + backbone.stages(),
                name(part) + " " + part.images().sha256(),
                profile);
    }

    @Override
    public void close() {
        train.close();
        val.close();
    }
}
