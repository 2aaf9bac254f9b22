package org.simreg.worker.export.edge;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.ProgressMonitor;
import org.simreg.worker.base.io.Notices;
import org.simreg.worker.base.random.SampleOrder;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.loader.BatchLoader;
import org.simreg.worker.data.view.ViewRecipe;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.export.OnnxTarget;
import org.simreg.worker.export.OnnxWriter;
import org.simreg.worker.export.StudentExport;
import org.simreg.worker.export.onnx.ModelProto;
import org.simreg.worker.features.embed.ImageEmbedder;
import org.simreg.worker.features.knn.FeatureBank;
import org.simreg.worker.features.knn.KnnVote;
import org.simreg.worker.features.knn.KnnVote.VotingRule;
import org.simreg.worker.features.knn.NearestNeighbors;

/**
 * The export of a network in 8-bit integers: finds the ranges of its activations on some images, writes the quantised
 * ONNX file, and compares it with the one in float32 in ONNX Runtime, by k-NN accuracy and by the angle between features.
 */
public final class Int8Export {
    /** Images whose features are compared layer by layer. */
    private static final int PROBED = 32;

    private static final int[] VOTES = {1, 20};

    private final StudentExport.Backbone backbone;
    private final Request request;
    private final Images images;

    /**
     * What is asked for.
     *
     * @param target images and operators of the file
     * @param calibration how many images the ranges are taken from
     * @param keepFloat layers that stay in float32, by name or by the beginning of their names
     * @param symmetric whether 0 stands for 0 in all activations, also where none is negative
     */
    public record Request(OnnxTarget target, int calibration, List<String> keepFloat, boolean symmetric) {
        public Request {
            keepFloat = List.copyOf(keepFloat);
        }
    }

    /**
     * The images that ranges and accuracies come from.
     *
     * @param view of every image
     * @param threads of ONNX Runtime and of the search
     */
    public record Images(
            ImageDataset data,
            ViewRecipe.CentreView view,
            Torch torch,
            int threads,
            BatchLoader.Settings loader,
            Notices notices,
            ProgressMonitor progress) {}

    /**
     * What was written and what it loses.
     *
     * @param accuracies of float32 and int8 by the number of neighbours that vote; empty without classes
     * @param compared images whose features were compared
     * @param meanCosine between their features in float32 and in 8 bits, from -1 to 1
     * @param leastCosine of these
     * @param kept layers that stay in float32
     * @param layers of the network
     */
    public record Outcome(
            Path file,
            int calibrated,
            Map<Integer, Accuracy> accuracies,
            int compared,
            double meanCosine,
            double leastCosine,
            List<String> kept,
            int layers) {
        /** Percentage points of accuracy that are lost, the most over the numbers of neighbours; 0 without classes. */
        public double lostPoints() {
            return accuracies.values().stream()
                    .mapToDouble(score -> 100 * (score.float32() - score.int8()))
                    .max()
                    .orElse(0);
        }
    }

    /** Accuracies, 0 to 1. */
    public record Accuracy(double float32, double int8) {}

    /** A layer and what the features lose when it alone is computed in 8 bits: 1 - cosine, the mean over some images. */
    public record LayerError(String layer, double error) {}

    /** Models of one network, and the ranges of all of its activations. */
    private record Ranged(ModelProto model, QuantizedGraph graph, Map<String, RangeHistogram.Range> ranges) {}

    public Int8Export(StudentExport.Backbone backbone, Request request, Images images) {
        this.backbone = backbone;
        this.request = request;
        this.images = images;
    }

    /**
     * Writes the file and compares it.
     *
     * @throws UserError if an image, a layer's name or the file can't be used
     */
    public Outcome write(Path file) {
        Ranged ranged = ranged(request.target);
        Set<String> layers = new LinkedHashSet<>(ranged.graph.layers());
        List<String> kept = kept(layers);
        layers.removeAll(kept);
        ModelProto quantized = ranged.model.toBuilder()
                .setGraph(ranged.graph.quantized(layers, ranged.ranges))
                .build();
        OnnxWriter.write(file, quantized);
        return compared(file, ranged.model, quantized, kept, layers.size() + kept.size());
    }

    private List<String> kept(Set<String> layers) {
        List<String> kept = new ArrayList<>();
        for (String asked : request.keepFloat) {
            List<String> named = layers.stream()
                    .filter(layer -> layer.equals(asked) || layer.startsWith(asked + "."))
                    .toList();
            if (named.isEmpty()) {
                throw new UserError(
                        "--keep-float: there is no layer %s; choose of %s".formatted(asked, String.join(", ", layers)));
            }
            kept.addAll(named);
        }
        if (kept.containsAll(layers)) {
            throw new UserError("--keep-float leaves no layer to be computed in 8 bits");
        }
        return kept.stream().distinct().toList();
    }

    /** The ranges come from a model for any number of images, and hold for one of the same layers. */
    private Ranged ranged(OnnxTarget target) {
        ModelProto model = model(target);
        QuantizedGraph graph = new QuantizedGraph(model.getGraph());
        Set<String> names = graph.activations(Set.copyOf(graph.layers()));
        ModelProto observed = QuantizedGraph.observed(
                model(new OnnxTarget(target.size(), OptionalInt.empty(), target.operators())), names);
        Map<String, RangeHistogram> histograms = new HashMap<>();
        try (OnnxSession session = new OnnxSession(
                observed,
                OptionalInt.empty(),
                backbone.pixels(),
                images.threads,
                (name, values) -> histograms
                        .computeIfAbsent(name.replaceAll("\\.observed$", ""), key -> new RangeHistogram())
                        .add(values))) {
            embed(session, images.data.train(), calibration(), new FeatureSink());
        }
        Map<String, RangeHistogram.Range> ranges = new LinkedHashMap<>();
        names.forEach(name -> ranges.put(name, histograms.get(name).range(request.symmetric)));
        return new Ranged(model, graph, ranges);
    }

    /** Some train images in an order that doesn't follow their classes. */
    private int[] calibration() {
        int size = images.data.train().size();
        int[] order = new SampleOrder(0, size).epoch(0);
        return Arrays.copyOf(order, Math.min(size, request.calibration));
    }

    private void embed(OnnxSession session, ImageList list, int[] ids, ImageEmbedder.RowSink rows) {
        try (ImageEmbedder embedder =
                new ImageEmbedder(images.torch, list, images.loader, ImageEmbedder.brief(images.notices))) {
            embedder.run(session, new ImageEmbedder.Pass(images.view, 0, ids), images.progress, rows);
        }
    }

    private OnnxSession open(ModelProto model, OptionalInt batch) {
        return new OnnxSession(model, batch, backbone.pixels(), images.threads, (name, values) -> {});
    }

    private ModelProto model(OnnxTarget target) {
        return OnnxWriter.model(backbone.network(), backbone.weights(), target, backbone.pixels());
    }

    private Outcome compared(Path file, ModelProto float32, ModelProto int8, List<String> kept, int layers) {
        ImageList queries = images.data.val().orElse(images.data.train());
        boolean labelled = images.data.val().isPresent() && images.data.train().labelled();
        Map<Integer, Accuracy> accuracies = new LinkedHashMap<>();
        FeatureSink exact = new FeatureSink();
        FeatureSink rounded = new FeatureSink();
        OptionalInt batch = request.target.batch();
        try (OnnxSession one = open(float32, batch);
                OnnxSession other = open(int8, batch)) {
            int[] all = IntStream.range(0, queries.size()).toArray();
            embed(one, queries, all, exact);
            embed(other, queries, all, rounded);
            if (labelled) {
                FeatureSink bank = new FeatureSink();
                FeatureSink roundedBank = new FeatureSink();
                int[] train = IntStream.range(0, images.data.train().size()).toArray();
                embed(one, images.data.train(), train, bank);
                embed(other, images.data.train(), train, roundedBank);
                for (int k : VOTES) {
                    accuracies.put(k, new Accuracy(accuracy(bank, exact, k), accuracy(roundedBank, rounded, k)));
                }
            }
        }
        double[] cosines = cosines(exact, rounded);
        return new Outcome(
                file,
                Math.min(images.data.train().size(), request.calibration),
                accuracies,
                cosines.length,
                Arrays.stream(cosines).average().orElse(1),
                Arrays.stream(cosines).min().orElse(1),
                kept,
                layers);
    }

    private double accuracy(FeatureSink train, FeatureSink val, int k) {
        try (NearestNeighbors search = new NearestNeighbors(images.threads)) {
            FeatureBank bank = train.bank();
            FeatureBank queries = val.bank();
            VotingRule rule = VotingRule.majority(k).within(bank.size());
            return new KnnVote(search.search(bank, queries, rule.k()), bank.size()).accuracy(queries.labels(), rule);
        }
    }

    /**
     * What each layer loses that is computed in 8 bits alone, the worst first.
     *
     * @throws UserError if an image can't be used
     */
    public List<LayerError> layerErrors() {
        OnnxTarget any = new OnnxTarget(request.target.size(), OptionalInt.empty(), request.target.operators());
        Ranged ranged = ranged(any);
        ImageList queries = images.data.val().orElse(images.data.train());
        int[] ids = Arrays.copyOf(new SampleOrder(1, queries.size()).epoch(0), Math.min(PROBED, queries.size()));
        FeatureSink exact = features(ranged.model, queries, ids);
        List<LayerError> errors = new ArrayList<>();
        for (String layer : ranged.graph.layers()) {
            ModelProto single = ranged.model.toBuilder()
                    .setGraph(ranged.graph.quantized(Set.of(layer), ranged.ranges))
                    .build();
            double cosine = Arrays.stream(cosines(exact, features(single, queries, ids)))
                    .average()
                    .orElse(1);
            errors.add(new LayerError(layer, 1 - cosine));
        }
        errors.sort(Comparator.comparingDouble(LayerError::error).reversed());
        return errors;
    }

    private FeatureSink features(ModelProto model, ImageList list, int[] ids) {
        FeatureSink rows = new FeatureSink();
        try (OnnxSession session = open(model, OptionalInt.empty())) {
            embed(session, list, ids, rows);
        }
        return rows;
    }

    private static double[] cosines(FeatureSink one, FeatureSink other) {
        return IntStream.range(0, one.rows.size())
                .mapToDouble(row -> cosine(one.rows.get(row), other.rows.get(row)))
                .toArray();
    }

    private static double cosine(float[] a, float[] b) {
        double product = 0;
        double first = 0;
        double second = 0;
        for (int i = 0; i < a.length; i++) {
            product += (double) a[i] * b[i];
            first += (double) a[i] * a[i];
            second += (double) b[i] * b[i];
        }
        double lengths = Math.sqrt(first * second);
        return lengths == 0 ? (first == second ? 1 : 0) : product / lengths;
    }

    /** The features of some images, in the order asked for. */
    private static final class FeatureSink implements ImageEmbedder.RowSink {
        private final List<float[]> rows = new ArrayList<>();
        private final List<Integer> ids = new ArrayList<>();
        private final List<Integer> labels = new ArrayList<>();

        @Override
        public void take(float[] values, int[] some, int[] classes) {
            int width = values.length / some.length;
            for (int i = 0; i < some.length; i++) {
                rows.add(Arrays.copyOfRange(values, i * width, (i + 1) * width));
                ids.add(some[i]);
                labels.add(classes[i]);
            }
        }

        FeatureBank bank() {
            FeatureBank bank = new FeatureBank(rows.size(), rows.get(0).length);
            for (int i = 0; i < rows.size(); i++) {
                bank.add(rows.get(i).clone(), new int[] {ids.get(i)}, new int[] {labels.get(i)});
            }
            return bank;
        }
    }
}
