package org.simreg.worker.features.embed;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.ProgressMonitor;
import org.simreg.worker.base.io.Notices;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.loader.BatchLoader;
import org.simreg.worker.data.view.ViewRecipe;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.features.knn.FeatureBank;
import org.simreg.worker.network.Stage;

/**
 * The features of a labelled data set by one frozen network, in the evaluation view: computed, or
 * read from a folder where they were kept. It closes neither network nor libtorch.
 */
public final class FeatureSets implements AutoCloseable {
    private final FrozenBackbone backbone;
    private final Settings settings;
    private final String profile;
    private final ImageDataset splits;
    private final ImageEmbedder train;
    private final ImageEmbedder val;

    /**
     * The settings by which features are computed and kept.
     *
     * @param view of every image
     * @param loader decode threads; its seed decides random views
     * @param cache folder where features are kept; none: nothing is
     * @param notices sentences for people, also from decode threads
     */
    public record Settings(
            ViewRecipe.CentreView view, BatchLoader.Settings loader, Optional<Path> cache, Notices notices) {}

    /**
     * @throws UserError if the data set has no labelled train and val part
     */
    public FeatureSets(Torch torch, FrozenBackbone backbone, ImageDataset splits, Settings settings) {
        this.backbone = backbone;
        this.settings = settings;
        this.splits = splits;
        profile = torch.profile();
        ImageList asked = splits.val().orElseThrow();
        train = new ImageEmbedder(torch, splits.train(), settings.loader(), ImageEmbedder.brief(settings.notices()));
        val = new ImageEmbedder(torch, asked, settings.loader(), ImageEmbedder.brief(settings.notices()));
    }

    /** The images. */
    public ImageDataset splits() {
        return splits;
    }

    /** Features of the train images, in the order of ids. */
    public FeatureBank train(ProgressMonitor progress) {
        return bank(train, progress);
    }

    /** Features of the val images, in the order of ids. */
    public FeatureBank val(ProgressMonitor progress) {
        return bank(val, progress);
    }

    /**
     * Features of fresh views of the train images: crops that cover at least {@code minArea}, half
     * of them flipped. Never kept.
     *
     * @param epoch part of the draws
     * @param ids in the order in which rows leave
     */
    public void augmented(double minArea, int epoch, int[] ids, ProgressMonitor progress, ImageEmbedder.RowSink rows) {
        ViewRecipe.RandomView view = new ViewRecipe.RandomView(settings.view().size(), minArea, false);
        train.run(backbone, new ImageEmbedder.Pass(view, epoch, ids), progress, rows);
    }

    /** Features of the train images at every stage of the network, in the order of the stages. */
    public List<FeatureBank> trainStages(ProgressMonitor progress) {
        return stages(train, progress);
    }

    /** Features of the val images at every stage of the network, in the order of the stages. */
    public List<FeatureBank> valStages(ProgressMonitor progress) {
        return stages(val, progress);
    }

    private List<FeatureBank> stages(ImageEmbedder part, ProgressMonitor progress) {
        StageSplitter splitter = new StageSplitter(part.images().size(), backbone.stages());
        fill(part, progress, splitter);
        return splitter.banks();
    }

    private FeatureBank bank(ImageEmbedder part, ProgressMonitor progress) {
        BankFiller filler = new BankFiller(part.images().size());
        fill(part, progress, filler);
        return filler.bank();
    }

    private void fill(ImageEmbedder part, ProgressMonitor progress, ImageEmbedder.RowSink rows) {
        if (settings.cache().isEmpty()) {
            ImageEmbedder.Pass pass = new ImageEmbedder.Pass(settings.view(), 0, part.all());
            part.run(backbone, pass, progress, rows);
            return;
        }
        FeatureCacheFile file = FeatureCacheFile.in(settings.cache().get(), name(part), key(part));
        if (!file.exists()) {
            file.write(part, backbone, settings.view(), progress);
        }
        file.read(progress, rows);
    }

    private static String name(ImageEmbedder part) {
        return part.images().folder().isEmpty() ? "images" : part.images().folder();
    }

    private String key(ImageEmbedder part) {
        FrozenBackbone.Identity network = backbone.identity();
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

    /** A receiver of rows that fills a bank, made when the first rows show how wide they are. */
    static final class BankFiller implements ImageEmbedder.RowSink {
        private final int capacity;
        private FeatureBank bank;

        BankFiller(int capacity) {
            this.capacity = capacity;
        }

        @Override
        public void take(float[] rows, int[] ids, int[] labels) {
            bank = bank == null ? new FeatureBank(capacity, rows.length / ids.length) : bank;
            bank.add(rows, ids, labels);
        }

        FeatureBank bank() {
            return bank;
        }
    }

    /** A receiver of rows of several stages side by side, which fills a bank for each stage. */
    private static final class StageSplitter implements ImageEmbedder.RowSink {
        private final List<Stage> stages;
        private final List<FeatureBank> banks = new ArrayList<>();

        StageSplitter(int capacity, List<Stage> stages) {
            this.stages = stages;
            stages.forEach(stage -> banks.add(new FeatureBank(capacity, stage.width())));
        }

        @Override
        public void take(float[] rows, int[] ids, int[] labels) {
            int width = rows.length / ids.length;
            int from = 0;
            for (int i = 0; i < stages.size(); i++) {
                int columns = stages.get(i).width();
                float[] part = new float[ids.length * columns];
                for (int row = 0; row < ids.length; row++) {
                    System.arraycopy(rows, row * width + from, part, row * columns, columns);
                }
                banks.get(i).add(part, ids, labels);
                from += columns;
            }
        }

        /** In the order of the stages. */
        List<FeatureBank> banks() {
            return banks;
        }
    }
}
