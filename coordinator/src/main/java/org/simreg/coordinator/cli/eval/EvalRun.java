package org.simreg.coordinator.cli.eval;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import org.simreg.coordinator.cli.option.StopSignal;
import org.simreg.coordinator.view.console.EvalProgress;
import org.simreg.coordinator.view.console.EvalTables;
import org.simreg.coordinator.view.report.EvalPage;
import org.simreg.proto.Dataset;
import org.simreg.proto.EvalData;
import org.simreg.proto.EvalReport;
import org.simreg.proto.EvalRow;
import org.simreg.proto.Printable;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.Abandoned;
import org.simreg.worker.base.io.AtomicFile;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.loader.BatchLoader;
import org.simreg.worker.data.storage.DatasetOpener;
import org.simreg.worker.data.storage.WorkerSettings;
import org.simreg.worker.data.view.ViewRecipe;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.features.embed.FeatureSets;
import org.simreg.worker.features.embed.FrozenBackbone;
import org.simreg.worker.features.knn.FeatureBank;
import org.simreg.worker.features.knn.KnnVote;
import org.simreg.worker.features.knn.KnnVote.VotingRule;
import org.simreg.worker.features.knn.NearestNeighbors;
import org.simreg.worker.features.probe.LinearProbe;
import org.simreg.worker.features.probe.PenaltySearch;
import org.simreg.worker.features.probe.ProbeRows;
import org.simreg.worker.network.Stage;
import org.simreg.worker.weights.checkpoint.ShownImages;

/** One run of {@code simreg eval}: from frozen weights and images to a report. */
public final class EvalRun {
    /** Least part of an image that a crop of a probe's train view covers, as torchvision's. */
    private static final double PROBE_AREA = 0.08;

    private static final int STOPPED = 130;
    private static final String FEATURE = "feature";

    private final EvalRequest request;
    private final StopSignal stop;
    private Torch torch;
    private EvalProgress progress;

    public EvalRun(EvalRequest request, StopSignal stop) {
        this.request = request;
        this.stop = stop;
    }

    /**
     * Evaluates, prints the result and writes its files.
     *
     * @return exit code
     * @throws UserError if weights, images or folders can't be used
     */
    public int run() {
        Thread own = Thread.currentThread();
        stop.whenRequested("Stopping.", own::interrupt);
        EvalReport report;
        try (EvalProgress shown = EvalProgress.console(request.results().quiet(), stop::requested);
                Torch opened = new Torch(
                        request.machine().device(),
                        request.machine().threads(),
                        request.machine().torchscript())) {
            progress = shown;
            torch = opened;
            torch.enter();
            report = report();
        } catch (Abandoned | CancellationException e) {
            if (!stop.requested()) {
                throw e;
            }
            System.err.println("Stopped before there was a result; features that were computed whole are kept.");
            return STOPPED;
        }
        print(report);
        return 0;
    }

    private void print(EvalReport report) {
        String json = EvalTables.json(report);
        request.results().out().ifPresent(folder -> {
            write(folder.resolve("result.json"), json);
            write(folder.resolve(EvalPage.NAME), EvalPage.of(report));
        });
        System.out.print(request.results().json() ? json : Printable.lines(EvalTables.table(report)));
        System.out.flush();
    }

    private static void write(Path file, String text) {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        AtomicFile.write(file, channel -> {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        });
    }

    private EvalReport report() {
        ViewRecipe.CentreView asked = view();
        List<ImageDataset> all =
                request.images().sources().stream().map(this::open).toList();
        EvalReport.Builder report =
                EvalReport.newBuilder().setCommand(request.task().command());
        try (FrozenBackbone backbone = backbone()) {
            ViewRecipe.CentreView view = asked.by(backbone.interpolation());
            describe(report, backbone.identity(), view);
            for (int i = 0; i < all.size(); i++) {
                String path = request.images().sources().get(i);
                report.addData(data(path, all.get(i)));
                try (FeatureSets sets = new FeatureSets(torch, backbone, all.get(i), settings(view))) {
                    report.addAllRows(
                            request.task() instanceof EvalRequest.Stages stages
                                    ? stages(stages, backbone.stages(), sets)
                                    : rows(path, sets));
                }
            }
        }
        return report.build();
    }

    private FrozenBackbone backbone() {
        return request.task() instanceof EvalRequest.Stages stages
                ? FrozenBackbone.staged(torch, request.weights(), stages.layers(), progress::notice)
                : FrozenBackbone.open(torch, request.weights(), progress::notice);
    }

    private void describe(EvalReport.Builder report, FrozenBackbone.Identity identity, ViewRecipe.CentreView view) {
        report.setWeights(request.weights().source())
                .setWeightsSha256(identity.sha256())
                .setNetwork(identity.network())
                .setPrecision(identity.precision().name().toLowerCase(Locale.ROOT))
                .setSize(view.size())
                .setResize(view.resize())
                .setInterpolation(view.interpolation().name().toLowerCase(Locale.ROOT))
                .setDevice(torch.profile())
                .setSettings(request.task().describe());
    }

    private static EvalData data(String path, ImageDataset splits) {
        ImageList val = splits.val().orElseThrow();
        ImageList labelled = splits.train().labelled() ? splits.train() : val;
        return EvalData.newBuilder()
                .setPath(path)
                .setTrainImages(splits.train().size())
                .setValImages(val.size())
                .setClasses(labelled.classNames().size())
                .build();
    }

    private ImageDataset open(String source) {
        WorkerSettings machine = request.machine();
        ImageDataset.Subset subset = request.images().subset();
        Dataset.Builder dataset = Dataset.newBuilder().addPath(source).setLimitClasses(subset.limitClasses());
        subset.classesFile().map(Path::toString).ifPresent(dataset::setClassesFile);
        subset.valLabels().map(Path::toString).ifPresent(dataset::setValLabels);
        ImageDataset splits = DatasetOpener.local(
                dataset.build(),
                new DatasetOpener.Local(
                        machine.cache(),
                        machine.roots(),
                        ImageDataset.IndexProgress.SILENT,
                        Optional.of(machine.samples())),
                progress::notice);
        if (splits.val().isPresent() && !splits.train().labelled()) {
            requireKnn(source);
            progress.notice("k-NN accuracy is measured inside val, each image against all others: the train images of "
                    + source + " have no classes");
        }
        if (splits.val().isEmpty()) {
            throw new UserError("Can't evaluate on %s: %s; name a folder with train/CLASS/* and val/CLASS/*"
                    .formatted(source, splits.noVal()));
        }
        return splits;
    }

    private void requireKnn(String source) {
        if (!(request.task() instanceof EvalRequest.Knn)) {
            throw new UserError(
                    "Can't evaluate on %s: its train images have no classes; name a folder with train/CLASS/*, or measure k-NN inside val by simreg eval knn"
                            .formatted(source));
        }
    }

    private ViewRecipe.CentreView view() {
        return view(request.weights(), request.images().view(), progress::notice);
    }

    /** The view: that of the run which the weights come from, where the options name none. */
    static ViewRecipe.CentreView view(
            FrozenBackbone.Request weights, EvalRequest.View asked, Consumer<String> notices) {
        Optional<ShownImages> shown = weights.shown();
        shown.ifPresent(run -> notices.accept("%s comes from a run with a %s; what no option names is taken from there"
                .formatted(weights.source(), run.text())));
        int size = asked.size().or(() -> shown.map(ShownImages::size)).orElse(224);
        int usual = (int) Math.round(size * 256 / 224.0);
        boolean asRun = shown.isPresent() && asked.size().isEmpty();
        int resize = asked.resize().orElse(asRun ? shown.get().resize() : usual);
        if (resize < size) {
            throw new UserError(
                    "--resize: %d is smaller than the view of %d px; choose at least its size".formatted(resize, size));
        }
        return new ViewRecipe.CentreView(resize, size);
    }

    private FeatureSets.Settings settings(ViewRecipe.CentreView view) {
        int threads = request.machine().decodeThreads();
        BatchLoader.Settings loader =
                new BatchLoader.Settings(threads, threads + 2, request.images().seed());
        return new FeatureSets.Settings(view, loader, request.results().cache(), progress::notice);
    }

    private List<EvalRow> rows(String path, FeatureSets sets) {
        FeatureBank val = sets.val(progress);
        if (request.task() instanceof EvalRequest.Knn knn
                && !sets.splits().train().labelled()) {
            return inside(knn.rules(), path, val);
        }
        FeatureBank train = sets.train(progress);
        if (request.task() instanceof EvalRequest.Knn knn) {
            progress.next("searching", 0, val.size());
            return knn(train, val, fitting(knn.rules(), train.size(), "train images"), FEATURE);
        }
        int classes = sets.splits().train().classNames().size();
        if (request.task() instanceof EvalRequest.Linear linear) {
            ProbeRows rows = linear.augmented() ? ProbeRows.augmented(sets, PROBE_AREA) : ProbeRows.of(train);
            LinearProbe.Data data = new LinearProbe.Data(train, val, classes, rows);
            return LinearProbe.run(torch, data, linear.settings(), progress, this::show).stream()
                    .map(score -> EvalRows.linear(score, FEATURE, train.dimension()))
                    .toList();
        }
        EvalRequest.Transfer transfer = (EvalRequest.Transfer) request.task();
        LinearProbe.Data data = LinearProbe.Data.cached(train, val, classes);
        PenaltySearch.Outcome outcome = PenaltySearch.run(torch, data, transfer.settings(), progress);
        return EvalRows.transfer(outcome, path, train.dimension());
    }

    private List<EvalRow> stages(EvalRequest.Stages task, List<Stage> stages, FeatureSets sets) {
        List<FeatureBank> train = sets.trainStages(progress);
        List<FeatureBank> val = sets.valStages(progress);
        int classes = sets.splits().train().classNames().size();
        List<VotingRule> rules = fitting(task.rules(), train.get(0).size(), "train images");
        List<EvalRow> rows = new ArrayList<>();
        for (int i = 0; i < stages.size(); i++) {
            String name = stages.get(i).name();
            FeatureBank bank = train.get(i);
            FeatureBank queries = val.get(i);
            progress.next("stages", i, stages.size());
            rows.addAll(knn(bank, queries, rules, name));
            task.probe()
                    .ifPresent(probe -> LinearProbe.run(
                                    torch,
                                    LinearProbe.Data.cached(bank, queries, classes),
                                    probe,
                                    progress,
                                    scores -> {})
                            .forEach(score -> rows.add(EvalRows.linear(score, name, bank.dimension()))));
        }
        return rows;
    }

    /** k-NN accuracy of val's images, each against all others. */
    private List<EvalRow> inside(List<VotingRule> rules, String path, FeatureBank val) {
        if (val.size() < 2) {
            throw new UserError(
                    "Can't evaluate on %s: val has one image, which has no other to be compared with".formatted(path));
        }
        progress.next("searching", 0, val.size());
        int most = Math.min(val.size(), NearestNeighbors.MAX_K) - 1;
        List<VotingRule> fitting = fitting(rules, most, "other val images");
        int k = fitting.stream().mapToInt(VotingRule::k).max().orElse(1);
        try (NearestNeighbors search = new NearestNeighbors(torch, threads())) {
            KnnVote vote = new KnnVote(search.others(val, k), val.size() - 1);
            return EvalRows.knn(vote, val, fitting, FEATURE);
        }
    }

    /**
     * k-NN accuracy by every rule, from one search.
     *
     * @param layer where the features were read
     */
    private List<EvalRow> knn(FeatureBank train, FeatureBank val, List<VotingRule> rules, String layer) {
        int most = rules.stream().mapToInt(VotingRule::k).max().orElse(1);
        try (NearestNeighbors search = new NearestNeighbors(torch, threads())) {
            return EvalRows.knn(new KnnVote(search.search(train, val, most), train.size()), val, rules, layer);
        }
    }

    private int threads() {
        return request.machine().threads();
    }

    /**
     * The rules in a bank of so many images; where it is smaller than a k, a note says that all of them vote.
     *
     * @param what the images are, "train images"
     */
    private List<VotingRule> fitting(List<VotingRule> rules, int images, String what) {
        rules.stream()
                .mapToInt(VotingRule::k)
                .filter(k -> k > images)
                .distinct()
                .forEach(k ->
                        progress.notice("k %d is more than the %d %s, so all of them vote".formatted(k, images, what)));
        return rules.stream().map(rule -> rule.within(images)).toList();
    }

    private void show(List<LinearProbe.Score> scores) {
        LinearProbe.Score best =
                scores.stream().reduce((a, b) -> b.top1() > a.top1() ? b : a).orElseThrow();
        progress.score(String.format(
                Locale.ROOT,
                "epoch %d  loss %.4f  top-1 %.1f %%  top-5 %.1f %%%s",
                best.epoch(),
                best.loss(),
                100 * best.top1(),
                100 * best.top5(),
                scores.size() > 1 ? "  (lr " + best.rate() + ")" : ""));
    }

    /** Conversion of accuracies and scores to the rows of an evaluation's report. */
    private static final class EvalRows {
        private EvalRows() {}

        /** k-NN accuracy of val's images by every rule. */
        static List<EvalRow> knn(KnnVote vote, FeatureBank val, List<VotingRule> rules, String layer) {
            int[] labels = val.labels();
            List<EvalRow> rows = new ArrayList<>();
            for (VotingRule rule : rules) {
                EvalRow.Builder row = row("knn", layer, val.dimension())
                        .setVote(rule.weighted() ? "weighted" : "majority")
                        .setK(rule.k())
                        .setAccuracy(vote.accuracy(labels, rule));
                if (rule.weighted()) {
                    row.setTemperature(rule.temperature());
                }
                rows.add(row.build());
            }
            return rows;
        }

        static EvalRow linear(LinearProbe.Score score, String layer, int features) {
            return row("linear", layer, features)
                    .setLr(score.rate())
                    .setEpoch(score.epoch())
                    .setLoss(score.loss())
                    .setAccuracy(score.top1())
                    .setTop5(score.top5())
                    .build();
        }

        /** Rows of logistic regression: the result first, then the penalties that were tried. */
        static List<EvalRow> transfer(PenaltySearch.Outcome outcome, String data, int features) {
            List<EvalRow> rows = new ArrayList<>();
            rows.add(penalty("transfer", outcome.result(), data, features));
            outcome.tried().forEach(tried -> rows.add(penalty("penalty", tried, data, features)));
            return rows;
        }

        private static EvalRow penalty(String name, PenaltySearch.Score score, String data, int features) {
            return row(name, "feature", features)
                    .setData(data)
                    .setPenalty(score.penalty())
                    .setLoss(score.loss())
                    .setAccuracy(score.top1())
                    .setTop5(score.top5())
                    .build();
        }

        private static EvalRow.Builder row(String name, String layer, int features) {
            return EvalRow.newBuilder().setName(name).setLayer(layer).setFeatures(features);
        }
    }
}
