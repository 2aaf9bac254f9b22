package org.simreg.coordinator.cli.eval;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.simreg.coordinator.cli.option.StopSignal;
import org.simreg.coordinator.search.bank.BankTable;
import org.simreg.coordinator.view.console.EvalProgress;
import org.simreg.coordinator.view.console.Numbers;
import org.simreg.proto.Dataset;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.Abandoned;
import org.simreg.worker.base.io.AtomicFile;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.UserFile;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.loader.BatchLoader;
import org.simreg.worker.data.storage.DatasetOpener;
import org.simreg.worker.data.storage.WorkerSettings;
import org.simreg.worker.data.view.ViewRecipe;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.features.embed.FrozenBackbone;
import org.simreg.worker.features.embed.ImageEmbedder;
import org.simreg.worker.features.table.RowLog;
import org.simreg.worker.features.table.TableFormat;
import org.simreg.worker.features.table.TableRows;

/** One run of {@code simreg embed}: from images and frozen weights to a table of features. */
final class EmbedRun {
    private static final String ABOUT = "embed.txt";
    private static final String FEATURES = "features ";
    private static final String LOG = ".rows.part";
    private static final String LEFT_OUT = "left-out.txt";
    private static final int STOPPED = 130;
    private static final int LARGEST_ABOUT = 1 << 20;

    private final Settings settings;
    private final Target target;
    private final StopSignal stop;

    /** The images and the network that embeds them. */
    record Settings(
            String source,
            EmbedCommand.Split split,
            FrozenBackbone.Request weights,
            EvalRequest.View view,
            WorkerSettings machine,
            boolean quiet) {}

    /** The table to be written. */
    record Target(Path folder, TableFormat format) {}

    /** What {@value #ABOUT} says of a whole table, a line each. */
    private record About(String source, String weights, String features, int leftOut) {
        String text(TableRows rows, List<String> files) {
            return """
                    source %s
                    weights %s
                    %s%s
                    rows %d
                    dimension %d
                    left out %d
                    files %s
                    """.formatted(
                            source,
                            weights,
                            FEATURES,
                            features,
                            rows.size(),
                            rows.dimension(),
                            leftOut,
                            String.join(", ", files));
        }
    }

    /** A part of the data set. Its ids follow those of the part before. */
    private record Part(String name, ImageList images, int first) {}

    EmbedRun(Settings settings, Target target, StopSignal stop) {
        this.settings = settings;
        this.target = target;
        this.stop = stop;
    }

    /**
     * Writes the rows of a bank.
     *
     * @return exit code
     */
    static int bank(Path folder, Target target) {
        try (BankTable rows = BankTable.open(folder)) {
            String features = "bank " + folder.toAbsolutePath().normalize();
            requireOurs(target, features);
            finish(target, rows, new About(folder.toString(), "none", features, 0));
        }
        return 0;
    }

    /**
     * Embeds what isn't embedded yet and writes the table.
     *
     * @return exit code
     * @throws UserError if images, weights or folder can't be used
     */
    int run() {
        Thread own = Thread.currentThread();
        stop.whenRequested("Stopping; what is computed is kept.", own::interrupt);
        WorkerSettings machine = settings.machine();
        try (EvalProgress progress = EvalProgress.console(settings.quiet(), stop::requested);
                Torch torch = new Torch(machine.device(), machine.threads(), machine.torchscript())) {
            torch.enter();
            embed(torch, progress);
            return 0;
        } catch (Abandoned | CancellationException e) {
            if (!stop.requested()) {
                throw e;
            }
            System.err.println("Stopped; call it again to go on");
            return STOPPED;
        }
    }

    private void embed(Torch torch, EvalProgress progress) {
        ViewRecipe.CentreView asked = EvalRun.view(settings.weights(), settings.view(), progress::notice);
        List<Part> parts = parts(progress);
        try (FrozenBackbone backbone = FrozenBackbone.open(torch, settings.weights(), progress::notice)) {
            ViewRecipe.CentreView view = asked.by(backbone.interpolation());
            String features = features(backbone.identity(), view, parts, torch.profile());
            requireOurs(target, features);
            Path file = target.folder().resolve(LOG);
            RowLog log = RowLog.open(file, features, ImageEmbedder.BATCH);
            try {
                if (log.replaced()) {
                    progress.notice(
                            "%s held rows of other weights, images or settings, which are dropped".formatted(file));
                }
                for (Part part : parts) {
                    embed(part, log, backbone, new Embedding(torch, view, progress));
                }
                finish(parts, log, features);
                log.delete();
            } finally {
                log.close();
            }
        }
    }

    /** What the embedding of a part needs besides its images. */
    private record Embedding(Torch torch, ViewRecipe.CentreView view, EvalProgress progress) {}

    private List<Part> parts(EvalProgress progress) {
        WorkerSettings machine = settings.machine();
        ImageDataset images = DatasetOpener.local(
                Dataset.newBuilder().addPath(settings.source()).build(),
                new DatasetOpener.Local(
                        machine.cache(),
                        machine.roots(),
                        ImageDataset.IndexProgress.SILENT,
                        Optional.of(machine.samples())),
                progress::notice);
        List<Part> parts = new ArrayList<>();
        String train = images.val().isPresent() ? "train" : "";
        if (settings.split().takes("train")) {
            parts.add(new Part(train, images.train(), 0));
        }
        if (settings.split() == EmbedCommand.Split.VAL && images.val().isEmpty()) {
            throw new UserError("--split val: %s has no val: %s".formatted(settings.source(), images.noVal()));
        }
        int first = parts.isEmpty() ? 0 : rounded(images.train().size());
        images.val()
                .filter(val -> settings.split().takes("val"))
                .ifPresent(val -> parts.add(new Part("val", val, first)));
        return parts;
    }

    /** Ids of a part begin a batch, so that a log knows which batch a row is of. */
    private static int rounded(int images) {
        int batch = ImageEmbedder.BATCH;
        return (images + batch - 1) / batch * batch;
    }

    private static String features(
            FrozenBackbone.Identity network, ViewRecipe.CentreView view, List<Part> parts, String profile) {
        String images = parts.stream()
                .map(part ->
                        "%s %s of %d bytes".formatted(part.name(), part.images().sha256(), bytes(part.images())))
                .map(String::strip)
                .collect(Collectors.joining(", "));
        return "weights %s; network %s; precision %s; view resize %d crop %d; images %s; %s"
                .formatted(
                        network.sha256(),
                        network.network(),
                        network.precision(),
                        view.resize(),
                        view.size(),
                        images,
                        profile);
    }

    private static long bytes(ImageList images) {
        return IntStream.range(0, images.size()).mapToLong(images::bytes).sum();
    }

    /** Refuses to write over a table of something else. */
    private static void requireOurs(Target target, String features) {
        Path file = target.folder().resolve(ABOUT);
        if (!Files.exists(file)) {
            for (String name : target.format().files()) {
                if (Files.exists(target.folder().resolve(name))) {
                    throw new UserError(
                            "%s is there already, and no %s says what of; choose another folder, or delete it"
                                    .formatted(target.folder().resolve(name), ABOUT));
                }
            }
            return;
        }
        String there = Disk.read(file, () -> UserFile.text(file, LARGEST_ABOUT));
        if (there.lines().anyMatch(line -> line.equals(FEATURES + features))) {
            return;
        }
        throw new UserError(
                "%s holds features of other weights, images or settings, as its %s says; choose another folder, or delete it"
                        .formatted(target.folder(), ABOUT));
    }

    private void embed(Part part, RowLog log, FrozenBackbone backbone, Embedding with) {
        int last = log.size() == 0 ? -1 : log.id(log.size() - 1);
        int from = Math.max(0, (last + ImageEmbedder.BATCH) / ImageEmbedder.BATCH * ImageEmbedder.BATCH - part.first());
        if (from >= part.images().size()) {
            return;
        }
        WorkerSettings machine = settings.machine();
        int threads = machine.decodeThreads();
        BatchLoader.Settings decoding = new BatchLoader.Settings(threads, threads + 2, 0);
        try (ImageEmbedder images = new ImageEmbedder(
                with.torch(), part.images(), decoding, ImageEmbedder.uncounted(with.progress()::notice))) {
            int[] ids = IntStream.range(from, part.images().size()).toArray();
            images.run(
                    backbone,
                    new ImageEmbedder.Pass(with.view(), 0, ids),
                    with.progress(),
                    (rows, some, labels) -> log.append(
                            rows,
                            Arrays.stream(some).map(id -> part.first() + id).toArray()));
        }
    }

    private void finish(List<Part> parts, RowLog log, String features) {
        LoggedRows rows = new LoggedRows(parts, log);
        List<String> leftOut = rows.leftOut();
        if (!leftOut.isEmpty()) {
            Path file = target.folder().resolve(LEFT_OUT);
            write(file, String.join("\n", leftOut) + "\n");
            System.err.printf(
                    "note: %s of %s images can't be read and are left out; %s names them%n",
                    Numbers.count(leftOut.size()), Numbers.count(leftOut.size() + rows.size()), file);
        }
        About about = new About(settings.source(), settings.weights().source(), features, leftOut.size());
        finish(target, rows, about);
    }

    /** Writes the table, and last what it is of. */
    private static void finish(Target target, TableRows rows, About about) {
        List<Path> files = target.format().write(target.folder(), rows);
        write(target.folder().resolve(ABOUT), about.text(rows, target.format().files()));
        System.out.printf("%s x %d%n", Numbers.count(rows.size()), rows.dimension());
        files.forEach(System.out::println);
    }

    private static void write(Path file, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        AtomicFile.write(file, channel -> AtomicFile.put(channel, ByteBuffer.wrap(bytes)));
    }

    /** The rows of a log with the names of the images that they are of. */
    private record LoggedRows(List<Part> parts, RowLog log) implements TableRows {
        private Part part(int id) {
            Part last = parts.get(parts.size() - 1);
            return id >= last.first() ? last : parts.get(0);
        }

        List<String> leftOut() {
            List<String> names = new ArrayList<>();
            int row = 0;
            for (Part part : parts) {
                for (int id = 0; id < part.images().size(); id++) {
                    if (row < log.size() && log.id(row) == part.first() + id) {
                        row++;
                    } else {
                        names.add(part.images().path(id));
                    }
                }
            }
            return names;
        }

        @Override
        public int size() {
            return log.size();
        }

        @Override
        public int dimension() {
            return log.dimension();
        }

        @Override
        public String name(int row) {
            Part part = part(log.id(row));
            return part.images().path(log.id(row) - part.first());
        }

        @Override
        public String className(int row) {
            Part part = part(log.id(row));
            return part.images().labelled() ? part.images().className(log.id(row) - part.first()) : "";
        }

        @Override
        public String split(int row) {
            return part(log.id(row)).name();
        }

        @Override
        public void copy(int row, float[] into) {
            log.copy(row, into);
        }
    }
}
