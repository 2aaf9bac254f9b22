package org.simreg.worker.probe;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.simreg.worker.data.CounterRandom;
import org.simreg.worker.data.SampleOrder;
import org.simreg.worker.embed.Course;
import org.simreg.worker.evaluate.FeatureBank;
import org.simreg.worker.torchscript.ProbeModule;
import org.simreg.worker.torchscript.Torch;

/**
 * SimReg's linear evaluation (arXiv 2201.05131, section 4): one linear layer on standardised
 * features, cross entropy, SGD. Weights begin as PyTorch's, uniform in +-1/sqrt(D), row-major by
 * the stream (seed, {@link CounterRandom#WEIGHTS}, 0), the bias by (seed, WEIGHTS, 1); an epoch's
 * order is that of {@link SampleOrder}.
 */
public final class LinearProbe {
    private static final int VAL_ROWS = 1024;

    private final ProbeSettings settings;
    private final Data data;
    private final ProbeModule module;

    /**
     * What is learnt, and what is asked.
     *
     * @param train centre-crop features of the train images, by which all are standardised
     * @param val features of the val images
     * @param classes number of classes, above every label
     * @param rows what is trained on; its ids are the rows of {@code train}
     */
    public record Data(FeatureBank train, FeatureBank val, int classes, TrainRows rows) {
        /** Trains on the centre-crop features themselves. */
        public static Data cached(FeatureBank train, FeatureBank val, int classes) {
            return new Data(train, val, classes, TrainRows.of(train));
        }
    }

    private LinearProbe(ProbeSettings settings, Data data, ProbeModule module) {
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
     * @throws org.simreg.worker.reduce.Abandoned if it was told to stop
     */
    public static List<ProbeScore> run(
            Torch torch,
            Data data,
            ProbeSettings settings,
            Course course,
            Consumer<List<ProbeScore>> each) {
        List<ProbeScore> all = new ArrayList<>();
        try (ProbeModule module = new ProbeModule(torch, start(data, settings), settings.sgd())) {
            LinearProbe probe = new LinearProbe(settings, data, module);
            for (int epoch = 0; epoch < settings.epochs(); epoch++) {
                List<ProbeScore> scores = probe.epoch(epoch, course);
                each.accept(scores);
                all.addAll(scores);
            }
        }
        course.at("linear probe", settings.epochs(), settings.epochs());
        return all;
    }

    private static ProbeModule.Start start(Data data, ProbeSettings settings) {
        Standard standard = Standard.of(Selection.all(data.train));
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

    private List<ProbeScore> epoch(int epoch, Course course) {
        course.next("linear probe", epoch, settings.epochs());
        int[] order = new SampleOrder(settings.seed(), data.train.size()).epoch(epoch);
        ProbeBatches batches =
                new ProbeBatches(module, settings.batch(), settings.rates(epoch), order.length);
        data.rows.epoch(epoch, order, course, batches);
        double[] losses = module.takeLosses();
        int[][] found = found();
        List<ProbeScore> scores = new ArrayList<>();
        for (int rate = 0; rate < losses.length; rate++) {
            scores.add(
                    new ProbeScore(
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
        Selection val = Selection.all(data.val);
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
}
