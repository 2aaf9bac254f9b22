package org.simreg.worker.distill;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.Example;
import org.simreg.proto.Job;
import org.simreg.proto.KnnScore;
import org.simreg.worker.data.Batch;
import org.simreg.worker.data.BatchLoader;
import org.simreg.worker.data.BatchRequest;
import org.simreg.worker.data.Batches;
import org.simreg.worker.data.CentreView;
import org.simreg.worker.data.ImageFolder;
import org.simreg.worker.data.LoaderSettings;
import org.simreg.worker.data.Splits;
import org.simreg.worker.data.View;
import org.simreg.worker.evaluate.FeatureBank;
import org.simreg.worker.evaluate.KnnVote;
import org.simreg.worker.evaluate.NearestNeighbors;
import org.simreg.worker.evaluate.Neighbors;
import org.simreg.worker.evaluate.Score;
import org.simreg.worker.reduce.Abandoned;
import org.simreg.worker.torchscript.Torch;

/** k-NN accuracy of a network's features, val against train, both in the evaluation view. */
final class KnnEvaluation implements AutoCloseable {
    private static final int BATCH = 64;
    private static final int EXAMPLES = 12;
    private static final int SHOWN = 8;

    /** Features (N, D) of any length for images (N, H, W, 3) uint8. */
    interface Features {
        NDArray of(NDManager scope, NDArray images);
    }

    private final Torch torch;
    private final Path root;
    private final ImageFolder train;
    private final ImageFolder val;
    private final BatchLoader trainImages;
    private final BatchLoader valImages;
    private final CentreView view;
    private final int[] ks;
    private final int threads;

    /**
     * @param splits with a val part and classes
     */
    KnnEvaluation(
            Torch torch,
            Job job,
            Splits splits,
            WorkerSettings settings,
            Consumer<String> notices) {
        this.torch = torch;
        root = Path.of(job.getDataset().getPath());
        train = splits.train();
        val = splits.val().orElseThrow();
        LoaderSettings loader = settings.loader(job.getSeed());
        trainImages = new BatchLoader(train, loader, notices);
        valImages = new BatchLoader(val, loader, notices);
        view = new CentreView(job.getEvaluation().getResize(), job.getViews().getSize());
        ks = job.getEvaluation().getKList().stream().mapToInt(k -> k).toArray();
        threads = settings.threads();
    }

    /**
     * What is asked.
     *
     * @param subject what is measured, for people
     * @param epoch after which; 0 before training
     * @param examples whether the answer names some images and their neighbours
     * @param stop once true, the measurement is given up
     */
    record Asked(String subject, int epoch, boolean examples, BooleanSupplier stop) {}

    /**
     * Measures one network.
     *
     * @param size of what it is shown, in pixels: the evaluation view in proportion
     * @throws Abandoned if it was told to stop
     */
    EvaluationDone measure(Asked asked, int size, Features features) {
        long begun = System.nanoTime();
        List<View> shown = View.each(view.at(size));
        FeatureBank bank =
                embed(train, trainImages.batches(requests(train, shown)), features, asked.stop);
        FeatureBank queries =
                embed(val, valImages.batches(requests(val, shown)), features, asked.stop);
        int k = Math.max(asked.examples ? SHOWN : 1, IntStream.of(ks).max().orElse(1));
        Neighbors neighbors = NearestNeighbors.search(bank, queries, k, threads);
        EvaluationDone.Builder done =
                EvaluationDone.newBuilder().setSubject(asked.subject).setEpoch(asked.epoch);
        for (Score score : KnnVote.accuracy(neighbors, queries.labels(), ks)) {
            done.addKnn(KnnScore.newBuilder().setK(score.k()).setAccuracy(score.accuracy()));
        }
        if (asked.examples) {
            // Spread over the classes, which are in order.
            IntStream.range(0, Math.min(EXAMPLES, val.size()))
                    .map(
                            i ->
                                    (int)
                                            ((2L * i + 1)
                                                    * val.size()
                                                    / (2L * Math.min(EXAMPLES, val.size()))))
                    .forEach(query -> done.addExamples(example(query, neighbors)));
        }
        return done.setSeconds((System.nanoTime() - begun) / 1e9).build();
    }

    private Example example(int query, Neighbors neighbors) {
        Example.Builder example =
                Example.newBuilder()
                        .setFile(name(val, query))
                        .setLabel(val.classNames().get(val.label(query)));
        for (int rank = 0; rank < Math.min(SHOWN, neighbors.k()); rank++) {
            int id = neighbors.id(query, rank);
            example.addNeighbors(
                    Example.Neighbor.newBuilder()
                            .setFile(name(train, id))
                            .setLabel(train.classNames().get(train.label(id)))
                            .setCosine(neighbors.cosine(query, rank)));
        }
        return example.build();
    }

    private String name(ImageFolder images, int id) {
        return root.toAbsolutePath().relativize(images.file(id).toAbsolutePath()).toString();
    }

    /** Closes the batches. */
    private FeatureBank embed(
            ImageFolder images, Batches opened, Features features, BooleanSupplier stop) {
        FeatureBank bank = null;
        try (Batches batches = opened) {
            for (int from = 0; from < images.size(); from += BATCH) {
                if (stop.getAsBoolean()) {
                    throw new Abandoned("the measurement was given up");
                }
                try (Batch batch = batches.next();
                        NDManager scope = torch.scope()) {
                    NDArray views =
                            Torch.images(scope, batch.views(0), batch.size(), batch.viewSize(0));
                    NDArray rows = features.of(scope, views);
                    int width = (int) rows.getShape().get(1);
                    bank = bank == null ? new FeatureBank(images.size(), width) : bank;
                    int[] labels = IntStream.of(batch.sources()).map(images::label).toArray();
                    bank.add(rows.toFloatArray(), batch.ids(), labels);
                }
            }
        }
        return bank;
    }

    private static Iterator<BatchRequest> requests(ImageFolder images, List<View> views) {
        int size = images.size();
        return IntStream.iterate(0, from -> from < size, from -> from + BATCH)
                .mapToObj(from -> IntStream.range(from, Math.min(size, from + BATCH)).toArray())
                .map(ids -> new BatchRequest(0, ids, views))
                .iterator();
    }

    @Override
    public void close() {
        trainImages.close();
        valImages.close();
    }
}
