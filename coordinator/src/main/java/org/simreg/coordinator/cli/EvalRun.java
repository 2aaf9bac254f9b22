package org.simreg.coordinator.cli;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import org.simreg.coordinator.status.EvalPage;
import org.simreg.coordinator.status.EvalText;
import org.simreg.coordinator.status.Meter;
import org.simreg.proto.EvalData;
import org.simreg.proto.EvalReport;
import org.simreg.proto.EvalRow;
import org.simreg.proto.Job;
import org.simreg.proto.UserError;
import org.simreg.worker.checkpoint.AtomicFile;
import org.simreg.worker.data.CentreView;
import org.simreg.worker.data.FolderSource;
import org.simreg.worker.data.IndexProgress;
import org.simreg.worker.data.LoaderSettings;
import org.simreg.worker.data.Splits;
import org.simreg.worker.distill.WorkerSettings;
import org.simreg.worker.embed.Backbone;
import org.simreg.worker.embed.FeatureSets;
import org.simreg.worker.evaluate.FeatureBank;
import org.simreg.worker.network.Stage;
import org.simreg.worker.probe.LinearProbe;
import org.simreg.worker.probe.PenaltySearch;
import org.simreg.worker.probe.ProbeScore;
import org.simreg.worker.probe.TrainRows;
import org.simreg.worker.reduce.Abandoned;
import org.simreg.worker.torchscript.Torch;

/** Run of {@code simreg eval}: from frozen weights and images to a report of what was measured. */
final class EvalRun {
    /** Least part of an image that a crop of a probe's train view covers, as torchvision's. */
    private static final double PROBE_AREA = 0.08;

    private static final int STOPPED = 130;
    private static final String FEATURE = "feature";

    private final EvalRequest request;
    private final Stop stop;
    private Torch torch;
    private Meter meter;

    EvalRun(EvalRequest request, Stop stop) {
        this.request = request;
        this.stop = stop;
    }

    /**
     * @return exit code
     * @throws UserError if weights, images or folders can't be used
     */
    int run() {
        Thread own = Thread.currentThread();
        stop.whenRequested("Stopping.", own::interrupt);
        EvalReport report;
        try (Meter shown = Meter.console(request.results().quiet(), stop::requested);
                Torch opened = new Torch(request.machine().device(), request.machine().threads())) {
            meter = shown;
            torch = opened;
            torch.enter();
            report = report();
        } catch (Abandoned | CancellationException e) {
            if (!stop.requested()) {
                throw e;
            }
            System.err.println(
                    "Stopped before there was a result; features that were computed whole are kept.");
            return STOPPED;
        }
        tell(report);
        return 0;
    }

    private void tell(EvalReport report) {
        String json = EvalText.json(report);
        request.results()
                .out()
                .ifPresent(
                        folder -> {
                            write(folder.resolve("result.json"), json);
                            write(folder.resolve(EvalPage.NAME), EvalPage.of(report));
                        });
        System.out.print(request.results().json() ? json : EvalText.table(report));
        System.out.flush();
    }

    private static void write(Path file, String text) {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        AtomicFile.write(
                file,
                channel -> {
                    while (bytes.hasRemaining()) {
                        channel.write(bytes);
                    }
                });
    }

    private EvalReport report() {
        CentreView view = view();
        List<Splits> all = request.images().folders().stream().map(this::open).toList();
        EvalReport.Builder report = EvalReport.newBuilder().setCommand(request.task().command());
        try (Backbone backbone = backbone()) {
            describe(report, backbone.identity(), view);
            for (int i = 0; i < all.size(); i++) {
                String path = request.images().folders().get(i).toString();
                report.addData(data(path, all.get(i)));
                try (FeatureSets sets =
                        new FeatureSets(torch, backbone, all.get(i), settings(view))) {
                    report.addAllRows(
                            request.task() instanceof EvalRequest.Stages stages
                                    ? stages(stages, backbone.stages(), sets)
                                    : rows(path, sets));
                }
            }
        }
        return report.build();
    }

    private Backbone backbone() {
        return request.task() instanceof EvalRequest.Stages stages
                ? Backbone.staged(torch, request.weights(), stages.layers(), meter::notice)
                : Backbone.open(torch, request.weights(), meter::notice);
    }

    private void describe(EvalReport.Builder report, Backbone.Identity identity, CentreView view) {
        report.setWeights(request.weights().source())
                .setWeightsSha256(identity.sha256())
                .setNetwork(identity.network())
                .setPrecision(identity.precision().name().toLowerCase(Locale.ROOT))
                .setSize(view.size())
                .setResize(view.resize())
                .setDevice(torch.profile())
                .setSettings(request.task().describe());
    }

    private static EvalData data(String path, Splits splits) {
        return EvalData.newBuilder()
                .setPath(path)
                .setTrainImages(splits.train().size())
                .setValImages(splits.val().orElseThrow().size())
                .setClasses(splits.train().classNames().size())
                .build();
    }

    private Splits open(Path folder) {
        WorkerSettings machine = request.machine();
        Splits splits =
                FolderSource.open(
                        folder, request.images().subset(), machine.cache(), IndexProgress.SILENT);
        if (splits.val().isEmpty()) {
            throw new UserError(
                    "Can't evaluate on %s: it has no val/CLASS folders; name a folder with train/CLASS/* and val/CLASS/*"
                            .formatted(folder));
        }
        return splits;
    }

    /** As the run that the weights come from evaluates, if they come from one. */
    private CentreView view() {
        Optional<Job> job = request.weights().job();
        EvalRequest.Images images = request.images();
        int size = images.size().or(() -> job.map(run -> run.getViews().getSize())).orElse(224);
        int usual = (int) Math.round(size * 256 / 224.0);
        boolean asRun = job.isPresent() && images.size().isEmpty();
        int resize = images.resize().orElse(asRun ? job.get().getEvaluation().getResize() : usual);
        if (resize < size) {
            throw new UserError(
                    "--resize: %d is smaller than the view of %d px; choose at least its size"
                            .formatted(resize, size));
        }
        return new CentreView(resize, size);
    }

    private FeatureSets.Settings settings(CentreView view) {
        int threads = request.machine().decodeThreads();
        LoaderSettings loader = new LoaderSettings(threads, threads + 2, request.images().seed());
        return new FeatureSets.Settings(view, loader, request.results().cache(), meter::notice);
    }

    private List<EvalRow> rows(String path, FeatureSets sets) {
        FeatureBank train = sets.train(meter);
        FeatureBank val = sets.val(meter);
        if (request.task() instanceof EvalRequest.Knn knn) {
            meter.next("searching", 0, val.size());
            return EvalRows.knn(train, val, knn.rules(), FEATURE, request.machine().threads());
        }
        int classes = sets.splits().train().classNames().size();
        if (request.task() instanceof EvalRequest.Linear linear) {
            TrainRows rows =
                    linear.augmented()
                            ? TrainRows.augmented(sets, PROBE_AREA)
                            : TrainRows.of(train);
            LinearProbe.Data data = new LinearProbe.Data(train, val, classes, rows);
            return LinearProbe.run(torch, data, linear.settings(), meter, this::show).stream()
                    .map(score -> EvalRows.linear(score, FEATURE, train.dimension()))
                    .toList();
        }
        EvalRequest.Transfer transfer = (EvalRequest.Transfer) request.task();
        LinearProbe.Data data = LinearProbe.Data.cached(train, val, classes);
        PenaltySearch.Outcome outcome = PenaltySearch.run(torch, data, transfer.settings(), meter);
        return EvalRows.transfer(outcome, path, train.dimension());
    }

    private List<EvalRow> stages(EvalRequest.Stages task, List<Stage> stages, FeatureSets sets) {
        List<FeatureBank> train = sets.trainStages(meter);
        List<FeatureBank> val = sets.valStages(meter);
        int classes = sets.splits().train().classNames().size();
        int threads = request.machine().threads();
        List<EvalRow> rows = new ArrayList<>();
        for (int i = 0; i < stages.size(); i++) {
            String name = stages.get(i).name();
            FeatureBank bank = train.get(i);
            FeatureBank queries = val.get(i);
            meter.next("stages", i, stages.size());
            rows.addAll(EvalRows.knn(bank, queries, task.rules(), name, threads));
            task.probe()
                    .ifPresent(
                            probe ->
                                    LinearProbe.run(
                                                    torch,
                                                    LinearProbe.Data.cached(bank, queries, classes),
                                                    probe,
                                                    meter,
                                                    scores -> {})
                                            .forEach(
                                                    score ->
                                                            rows.add(
                                                                    EvalRows.linear(
                                                                            score,
                                                                            name,
                                                                            bank.dimension()))));
        }
        return rows;
    }

    private void show(List<ProbeScore> scores) {
        ProbeScore best =
                scores.stream().reduce((a, b) -> b.top1() > a.top1() ? b : a).orElseThrow();
        meter.score(
                String.format(
                        Locale.ROOT,
                        "epoch %d  loss %.4f  top-1 %.1f %%  top-5 %.1f %%%s",
                        best.epoch(),
                        best.loss(),
                        100 * best.top1(),
                        100 * best.top5(),
                        scores.size() > 1 ? "  (lr " + best.rate() + ")" : ""));
    }
}
