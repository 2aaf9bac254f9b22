package org.simreg.coordinator.cli.eval;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import org.simreg.coordinator.view.console.EvalProgress;
import org.simreg.proto.Dataset;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.loader.BatchLoader;
import org.simreg.worker.data.storage.DatasetOpener;
import org.simreg.worker.data.storage.WorkerSettings;
import org.simreg.worker.data.view.ViewRecipe;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.export.StudentExport;
import org.simreg.worker.export.edge.Int8Export;

/** One run of {@code simreg export --int8}: the quantised file, and what it loses as text. */
public final class EdgeRun {
    /** Percentage points of accuracy above which the layers that lose most are looked for. */
    private static final double TOLERATED = 1;

    private static final int NAMED = 10;

    private EdgeRun() {}

    /**
     * What is asked for.
     *
     * @param source of the images
     * @param images that the ranges are taken from
     * @param keepFloat layers that stay in float32
     * @param symmetric whether 0 stands for 0 in all activations
     * @param resize shorter side of every image before the centre crop, pixels
     */
    public record Int8(
            String source, int images, List<String> keepFloat, boolean symmetric, int resize, WorkerSettings machine) {}

    /**
     * Writes the file beside that in float32 and prints what it loses.
     *
     * @throws org.simreg.proto.UserError if weights, images or folder can't be used
     */
    public static void write(ExportCommand.Settings settings) {
        Int8 asked = settings.int8().orElseThrow();
        WorkerSettings machine = asked.machine();
        try (EvalProgress progress = EvalProgress.console(false, () -> false);
                Torch torch = new Torch(machine.device(), machine.threads(), machine.torchscript())) {
            torch.enter();
            StudentExport.Backbone backbone = StudentExport.backbone(settings.source(), notice -> {});
            ImageDataset data = DatasetOpener.local(
                    Dataset.newBuilder().addPath(asked.source()).build(),
                    new DatasetOpener.Local(
                            machine.cache(),
                            machine.roots(),
                            ImageDataset.IndexProgress.SILENT,
                            Optional.of(machine.samples())),
                    progress::notice);
            int threads = machine.decodeThreads();
            Int8Export export = new Int8Export(
                    backbone,
                    new Int8Export.Request(
                            settings.target().onnx(), asked.images(), asked.keepFloat(), asked.symmetric()),
                    new Int8Export.Images(
                            data,
                            new ViewRecipe.CentreView(
                                    asked.resize(), settings.target().onnx().size(), backbone.interpolation()),
                            torch,
                            machine.threads(),
                            new BatchLoader.Settings(threads, threads + 2, 0),
                            progress::notice,
                            progress));
            String name = backbone.network().name() + ".int8.onnx";
            Path file = settings.target().folder().resolve(name);
            Int8Export.Outcome outcome = export.write(file);
            System.out.println(file);
            System.out.print(text(outcome, asked.source()));
            if (outcome.lostPoints() > TOLERATED) {
                System.out.print(layers(export.layerErrors()));
            }
            System.out.flush();
        }
    }

    private static String text(Int8Export.Outcome outcome, String source) {
        List<String> lines = new ArrayList<>(List.of(""));
        if (!outcome.accuracies().isEmpty()) {
            lines.add("%-18s%10s%10s".formatted("k-NN accuracy", "float32", "int8"));
            outcome.accuracies()
                    .forEach((k, score) -> lines.add(
                            "%-18s%10s%10s".formatted(k + "-NN", percent(score.float32()), percent(score.int8()))));
        }
        lines.add(String.format(
                Locale.ROOT,
                "%-18s%.4f in the mean, %.4f at least, over %d images",
                "cosine",
                outcome.meanCosine(),
                outcome.leastCosine(),
                outcome.compared()));
        lines.add("%-18s%d images of %s".formatted("ranges", outcome.calibrated(), source));
        int kept = outcome.kept().size();
        String which = kept == 0 ? "" : ", and in float32 " + String.join(", ", outcome.kept());
        lines.add("%-18s%d of %d in int8%s".formatted("layers", outcome.layers() - kept, outcome.layers(), which));
        if (outcome.accuracies().isEmpty()) {
            lines.add("There is no accuracy: it takes a source with train, val and classes");
        }
        return lines.stream().map(line -> line + System.lineSeparator()).collect(Collectors.joining());
    }

    private static String layers(List<Int8Export.LayerError> errors) {
        List<String> lines = new ArrayList<>(List.of(
                "",
                "More than %.0f point is lost. The layers that lose most when they alone are in int8, by 1 - cosine:"
                        .formatted(TOLERATED)));
        errors.stream()
                .limit(NAMED)
                .forEach(error -> lines.add(String.format(Locale.ROOT, "  %-40s%.5f", error.layer(), error.error())));
        lines.add("Leave some in float32: --keep-float "
                + errors.stream().limit(2).map(Int8Export.LayerError::layer).collect(Collectors.joining(",")));
        return lines.stream().map(line -> line + System.lineSeparator()).collect(Collectors.joining());
    }

    private static String percent(double part) {
        return String.format(Locale.ROOT, "%.1f %%", 100 * part);
    }
}
