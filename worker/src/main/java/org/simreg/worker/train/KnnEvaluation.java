package org.simreg.worker.train;

import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.Example;
import org.simreg.proto.Generation.Measurement;
import org.simreg.proto.Job;
import org.simreg.proto.JobSettings;
import org.simreg.proto.KnnScore;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.Abandoned;
import org.simreg.worker.base.concurrent.ProgressMonitor;
import org.simreg.worker.base.io.Notices;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.loader.BatchLoader;
import org.simreg.worker.data.storage.WorkerSettings;
import org.simreg.worker.data.view.ViewRecipe;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.exchange.ahead.EvaluationShares;
import org.simreg.worker.exchange.ahead.PartInbox;
import org.simreg.worker.exchange.ahead.PartOutbox;
import org.simreg.worker.exchange.ahead.SharedPass;
import org.simreg.worker.features.embed.ImageEmbedder;
import org.simreg.worker.features.knn.FeatureBank;
import org.simreg.worker.features.knn.KnnVote;
import org.simreg.worker.features.knn.NearestNeighbors;
import org.simreg.worker.features.search.TopK;

/**
 * The k-NN evaluation of a network's features: val images against train images, both in the
 * evaluation view; or the images of one part, each against all others. The features are computed by all members of a
 * generation, the neighbours are searched by the one that leads.
 */
final class KnnEvaluation implements AutoCloseable {
    private static final int EXAMPLES = 12;
    private static final int SHOWN = 8;

    private final ImageList searched;
    private final ImageList val;
    private final Notices notices;
    private final ImageEmbedder trainImages;
    private final ImageEmbedder valImages;
    private final ViewRecipe.CentreView view;
    private final int[] ks;
    private final NearestNeighbors search;
    private final String profile;
    private final boolean exact;

    /**
     * What is compared with what.
     *
     * @param searched images whose classes vote
     * @param val images that are classified; the same list: each by all others
     */
    record Compared(ImageList searched, ImageList val) {
        private static final int MOST = 50_000;

        /** Val against train where both have classes, else the one that has them against itself; none if none has. */
        static Optional<Compared> of(ImageDataset data) {
            boolean labelled = data.train().labelled();
            if (data.val().isPresent()) {
                ImageList val = data.val().get();
                return Optional.of(new Compared(labelled ? data.train() : val, val));
            }
            boolean few = data.train().size() <= MOST && data.train().size() > 1;
            return labelled && few ? Optional.of(new Compared(data.train(), data.train())) : Optional.empty();
        }

        /** Why there is nothing to compare, as the end of a sentence. */
        static String why(ImageDataset data) {
            return data.train().size() > MOST && data.train().labelled()
                    ? "%s, and its %d train images are too many to compare each with all others; name other data by --eval-data, or hold a part out by --val-part"
                            .formatted(data.noVal(), data.train().size())
                    : data.noVal();
        }

        /** Whether each image is compared with all others. */
        boolean inside() {
            return searched == val;
        }
    }

    KnnEvaluation(Torch torch, Job job, Compared images, WorkerSettings settings, Notices notices) {
        val = images.val();
        searched = images.searched();
        profile = torch.profile();
        exact = job.getExact();
        this.notices = notices;
        BatchLoader.Settings loader = settings.loader(job.getSeed());
        trainImages = new ImageEmbedder(torch, searched, loader, notices);
        valImages = new ImageEmbedder(torch, val, loader, notices);
        view = new ViewRecipe.CentreView(
                job.getEvaluation().getResize(), job.getViews().getSize(), JobSettings.interpolation(job));
        int most = inside() ? NearestNeighbors.MAX_K - 1 : NearestNeighbors.MAX_K;
        ks = job.getEvaluation().getKList().stream()
                .mapToInt(k -> Math.min(k, most))
                .toArray();
        int others = inside() ? val.size() - 1 : searched.size();
        IntStream.of(ks)
                .filter(k -> k > others)
                .forEach(k -> notices.accept("evaluation.k: %d is more than the %d %s, so all of them vote"
                        .formatted(k, others, inside() ? "other images" : "searched images")));
        search = new NearestNeighbors(torch, settings.threads());
    }

    /**
     * One evaluation that is asked for.
     *
     * @param order of it among those of this moment
     * @param examples whether the answer names some images and their neighbours
     */
    record Request(Measurement what, int order, boolean examples, Evaluations.Now now) {
        private ProgressMonitor progress() {
            return ProgressMonitor.until(now.stop());
        }

        /** The place of the pass over val or, after it, over the images whose classes vote. */
        private SharedPass.Place place(boolean ofVal) {
            return new SharedPass.Place(now.committed(), 2 * order + (ofVal ? 0 : 1));
        }

        /** The place after all its passes. */
        private SharedPass.Place end() {
            return new SharedPass.Place(now.committed(), 2 * (order + 1));
        }
    }

    /**
     * A network that is measured.
     *
     * @param size of what it is shown, in pixels: the evaluation view in proportion
     * @param width D of its feature
     */
    record Network(int size, int width, ImageEmbedder.Features features) {}

    /**
     * Measures one network, together with the members that share the evaluation.
     *
     * @return empty from a member whose part another collects
     * @throws Abandoned if it was told to stop
     */
    Optional<EvaluationDone> measure(Request asked, Network network) {
        EvaluationShares shares = asked.now.shares();
        if (shares instanceof PartOutbox to) {
            contribute(asked, network, to);
            return Optional.empty();
        }
        EvaluationDone done = measured(asked, network);
        if (shares instanceof PartInbox others) {
            others.end(asked.end());
        }
        return Optional.of(done);
    }

    private void contribute(Request asked, Network network, PartOutbox to) {
        shared(asked, network, true).contribute(network.features, to);
        if (!inside()) {
            shared(asked, network, false).contribute(network.features, to);
        }
    }

    private EvaluationDone measured(Request asked, Network network) {
        long begun = System.nanoTime();
        EvaluationDone.Builder done =
                EvaluationDone.newBuilder().setSubject(asked.what.getSubject()).setEpoch(asked.what.getEpoch());
        FeatureBank queries;
        try {
            queries = bank(asked, network, true);
        } catch (UserError e) {
            notices.accept("k-NN accuracy isn't measured: " + e.getMessage());
            return done.setSeconds((System.nanoTime() - begun) / 1e9).build();
        }
        if (inside() && queries.size() < 2) {
            notices.accept("k-NN accuracy isn't measured: val has one image, which has no other to be compared with");
            return done.setSeconds((System.nanoTime() - begun) / 1e9).build();
        }
        FeatureBank bank = inside() ? queries : bank(asked, network, false);
        done.getCostBuilder().setImagesPerSecond((inside() ? valImages : trainImages).imagesPerSecond());
        int k = Math.max(asked.examples ? SHOWN : 1, IntStream.of(ks).max().orElse(1));
        TopK neighbors = neighbors(bank, queries, k, asked.now.stop());
        KnnVote vote = new KnnVote(neighbors, inside() ? bank.size() - 1 : bank.size());
        for (KnnVote.Score score : vote.accuracy(queries.labels(), ks)) {
            done.addKnn(KnnScore.newBuilder().setK(score.k()).setAccuracy(score.accuracy()));
        }
        if (asked.examples) {
            // Spread over the classes, which are in order.
            int count = Math.min(EXAMPLES, queries.size());
            IntStream.range(0, count)
                    .map(i -> (int) ((2L * i + 1) * queries.size() / (2L * count)))
                    .forEach(query -> done.addExamples(example(queries.id(query), query, neighbors)));
        }
        return done.setSeconds((System.nanoTime() - begun) / 1e9).build();
    }

    /** The features of val, or of the images whose classes vote. */
    private FeatureBank bank(Request asked, Network network, boolean ofVal) {
        return asked.now.shares() instanceof PartInbox others
                ? shared(asked, network, ofVal).collect(network.features, others)
                : images(ofVal).bank(network.features, view.at(network.size), asked.progress());
    }

    private SharedEmbedding shared(Request asked, Network network, boolean ofVal) {
        ImageEmbedder images = images(ofVal);
        ImageEmbedder.Pass every = new ImageEmbedder.Pass(view.at(network.size), 0, images.all());
        ImageList list = images.images();
        SharedPass pass = new SharedPass(
                asked.place(ofVal),
                new SharedPass.Rows(list.size(), ImageEmbedder.BATCH, network.width),
                new SharedPass.Origin(list.sha256(), profile, exact));
        return new SharedEmbedding(images, every, pass, asked.progress());
    }

    private ImageEmbedder images(boolean ofVal) {
        return ofVal ? valImages : trainImages;
    }

    private TopK neighbors(FeatureBank bank, FeatureBank queries, int k, BooleanSupplier stop) {
        try {
            return inside() ? search.others(bank, k, stop) : search.search(bank, queries, k, stop);
        } catch (CancellationException e) {
            throw new Abandoned("the measurement was given up");
        }
    }

    /** Whether each image is compared with all others. */
    private boolean inside() {
        return searched == val;
    }

    /**
     * @param image id of the image that is asked for
     * @param query its row; images that can't be read have none
     */
    private Example example(int image, int query, TopK neighbors) {
        Example.Builder example = Example.newBuilder()
                .setFile(val.path(image))
                .setLabel(val.classNames().get(val.label(image)));
        for (int rank = 0; rank < Math.min(SHOWN, neighbors.k()); rank++) {
            int id = (int) neighbors.id(query, rank);
            example.addNeighbors(Example.Neighbor.newBuilder()
                    .setFile(searched.path(id))
                    .setLabel(searched.classNames().get(searched.label(id)))
                    .setCosine(neighbors.cosine(query, rank)));
        }
        return example.build();
    }

    @Override
    public void close() {
        trainImages.close();
        valImages.close();
        search.close();
    }
}
