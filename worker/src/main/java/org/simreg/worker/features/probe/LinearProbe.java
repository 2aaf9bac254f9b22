package org.simreg.worker.features.probe;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.simreg.worker.base.concurrent.Abandoned;
import org.simreg.worker.base.concurrent.ProgressMonitor;
import org.simreg.worker.base.random.CounterRandom;
import org.simreg.worker.base.random.SampleOrder;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.features.embed.ImageEmbedder;
import org.simreg.worker.features.knn.FeatureBank;

/**
 * SimReg's linear evaluation (arXiv 2201.05131, section 4): one linear layer on standardised
 * features, cross entropy, SGD. Weights begin as PyTorch's, uniform in +-1/sqrt(D), row-major by
 * the stream (seed, {@link CounterRandom#WEIGHTS}, 0), the bias by (seed, WEIGHTS, 1); an epoch's
 * order is that of {@link SampleOrder}.
 */
public final class LinearProbe {
    private static final int VAL_ROWS = 1024;

    private final Settings settings;
    private final Data data;
    private final ProbeModule module;

    /**
     * The features that a probe is trained and measured on.
     *
     * @param train centre-crop features of the train images, by which all are standardised
     * @param val features of the val images
     * @param classes number of classes, above every label
     * @param rows what is trained on; its ids are the rows of {@code train}
     */
    public record Data(FeatureBank train, FeatureBank val, int classes, ProbeRows rows) {
        /** Trains on the centre-crop features themselves. */
        public static Data cached(FeatureBank train, FeatureBank val, int classes) {
            return new Data(train, val, classes, ProbeRows.of(train));
        }
    }

    private LinearProbe(Settings settings, Data data, ProbeModule module) {
        this.settings = settings;
        this.data = data;
        this.module = module;
    }

    /**
     * Trains a probe for every learning rate, all in one pass over the features of an epoch. Called
     * by the thread that uses libtorch.
     *
     * @param each told of every epoch's scores, one for every rate
     * @return all scores: epochs in order, in an epoch the rates in theirs
     * @throws Abandoned if it was told to stop
     */
    public static List<Score> run(
            Torch torch, Data data, Settings settings, ProgressMonitor progress, Consumer<List<Score>> each) {
        List<Score> all = new ArrayList<>();
        try (ProbeModule module = new ProbeModule(torch, start(data, settings), settings.sgd())) {
            LinearProbe probe = new LinearProbe(settings, data, module);
            for (int epoch = 0; epoch < settings.epochs(); epoch++) {
                List<Score> scores = probe.epoch(epoch, progress);
                each.accept(scores);
                all.addAll(scores);
            }
        }
        progress.at("linear probe", settings.epochs(), settings.epochs());
        return all;
    }

    private static ProbeModule.Start start(Data data, Settings settings) {
        RowSelection.Standardization standard = RowSelection.Standardization.of(RowSelection.all(data.train));
        int width = data.train.dimension();
        return new ProbeModule.Start(
                standard.mean(),
                standard.scale(),
                uniform(settings.seed(), 0, data.classes * width, width),
                uniform(settings.seed(), 1, data.classes, width));
    }

    private static float[] uniform(long seed, int tensor, int length, int width) {
        CounterRandom random = CounterRandom.of(seed, CounterRandom.WEIGHTS, tensor);
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = (float) ((2 * random.uniform() - 1) / Math.sqrt(width));
        }
        return values;
    }

    private List<Score> epoch(int epoch, ProgressMonitor progress) {
        progress.next("linear probe", epoch, settings.epochs());
        int[] order = new SampleOrder(settings.seed(), data.train.size()).epoch(epoch);
        Batches batches = new Batches(module, settings.batch(), settings.rates(epoch), order.length);
        data.rows.epoch(epoch, order, progress, batches);
        double[] losses = module.takeLosses();
        int[][] found = found();
        List<Score> scores = new ArrayList<>();
        for (int rate = 0; rate < losses.length; rate++) {
            scores.add(new Score(
                    settings.rates().get(rate),
                    epoch + 1,
                    losses[rate] / order.length,
                    found[rate][0] / (double) data.val.size(),
                    found[rate][1] / (double) data.val.size()));
        }
        return scores;
    }

    /** For every rate, how many val rows have their class first, and among the first five. */
    private int[][] found() {
        int rates = settings.rates().size();
        int[][] found = new int[rates][2];
        RowSelection val = RowSelection.all(data.val);
        for (int from = 0; from < val.size(); from += VAL_ROWS) {
            int to = Math.min(val.size(), from + VAL_ROWS);
            long[] ranks = module.ranks(val.values(from, to), val.labels(from, to));
            for (int i = 0; i < ranks.length; i++) {
                found[i % rates][0] += ranks[i] < 1 ? 1 : 0;
                found[i % rates][1] += ranks[i] < 5 ? 1 : 0;
            }
        }
        return found;
    }

    /**
     * The recipe of a linear probe: SGD with momentum 0.9 and weight decay 1e-4, on weights and
     * bias.
     *
     * @param rates learning rates, each a probe of its own; all see the same batches and begin with
     *     the same weights
     * @param epochs passes over the train features, at least 1
     * @param batch rows of a step, at least 1; the last of an epoch may be smaller
     * @param drops the rate is divided by 10 after each of these epochs
     * @param seed decides initial weights and sample order
     */
    public record Settings(List<Double> rates, int epochs, int batch, List<Integer> drops, long seed) {
        private static final double MOMENTUM = 0.9;
        private static final double WEIGHT_DECAY = 1e-4;

        public Settings {
            rates = List.copyOf(rates);
            drops = List.copyOf(drops);
            if (rates.isEmpty() || epochs < 1 || batch < 1) {
                throw new IllegalArgumentException(
                        "a probe needs a learning rate, an epoch and a row: " + rates + ", " + epochs + ", " + batch);
            }
        }

        /**
         * The published recipe (SimReg's, arXiv 2201.05131): rate 0.01, 40 epochs, drops at 15 and
         * 30.
         */
        public static Settings published(long seed) {
            return new Settings(List.of(0.01), 40, 256, List.of(15, 30), seed);
        }

        ProbeModule.Sgd sgd() {
            return new ProbeModule.Sgd(rates.size(), MOMENTUM, WEIGHT_DECAY);
        }

        /** The learning rates of an epoch, from 0, in the order of {@link #rates}. */
        float[] rates(int epoch) {
            long passed = drops.stream().filter(drop -> drop <= epoch).count();
            float[] now = new float[rates.size()];
            for (int i = 0; i < now.length; i++) {
                now[i] = (float) (rates.get(i) * Math.pow(0.1, passed));
            }
            return now;
        }
    }

    /**
     * The score of a linear probe after an epoch.
     *
     * @param rate its learning rate at the start
     * @param epoch from 1
     * @param loss mean cross entropy over the train rows of the epoch, each before its step
     * @param top1 part of the val rows whose class is the likeliest, 0 to 1
     * @param top5 part whose class is among the five likeliest; a class counts as found only if it
     *     is strictly likelier than those it leaves out
     */
    public record Score(double rate, int epoch, double loss, double top1, double top5) {}

    /** Rows cut into the batches of an epoch, each a step; the last may be smaller. */
    private static final class Batches implements ImageEmbedder.RowSink {
        private final ProbeModule module;
        private final float[] rates;
        private final long[] labels;
        private float[] values = new float[0];
        private int filled;
        private int left;

        Batches(ProbeModule module, int batch, float[] rates, int rows) {
            this.module = module;
            this.rates = rates;
            labels = new long[Math.min(batch, rows)];
            left = rows;
        }

        @Override
        public void take(float[] rows, int[] ids, int[] classes) {
            int width = rows.length / ids.length;
            if (values.length == 0) {
                values = new float[labels.length * width];
            }
            for (int i = 0; i < ids.length; i++) {
                System.arraycopy(rows, i * width, values, filled * width, width);
                labels[filled++] = classes[i];
                left--;
                if (filled == labels.length || left == 0) {
                    step(width);
                }
            }
        }

        private void step(int width) {
            module.step(Arrays.copyOf(values, filled * width), Arrays.copyOf(labels, filled), rates);
            filled = 0;
        }
    }
}
