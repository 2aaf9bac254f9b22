package org.simreg.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.simreg.proto.Dataset;
import org.simreg.proto.Roots;
import org.simreg.worker.base.concurrent.ProgressMonitor;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.loader.Batch;
import org.simreg.worker.data.loader.BatchLoader;
import org.simreg.worker.data.loader.BatchStream;
import org.simreg.worker.data.pack.PackSettings;
import org.simreg.worker.data.pack.ShardPacker;
import org.simreg.worker.data.storage.DatasetOpener;
import org.simreg.worker.data.view.View;
import org.simreg.worker.data.view.ViewRecipe;

/**
 * A benchmark of the loader: images a second made into views, from file to batch.
 *
 * <pre>LoaderBench FOLDER [THREADS] [ROUNDS] [SOURCE]...</pre>
 *
 * A missing folder is filled with pictures of 500 x 375 first, so that another program can be
 * measured on the same files. The same pictures are measured from a list and from tars too, and other sources that
 * are named, round by round in turn.
 */
public final class LoaderBench {
    private static final int PICTURES = 64;
    private static final int SIZE = 224;
    private static final int BATCH = 32;

    private LoaderBench() {}

    /** See the class. */
    public static void main(String[] arguments) throws IOException {
        Path folder = Path.of(arguments[0]);
        int threads = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 1;
        int rounds = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 9;
        if (!Files.isDirectory(folder)) {
            BenchPictures.write(folder, PICTURES);
        }
        Path scratch = Files.createTempDirectory("loader-bench");
        ImageDataset data = open(folder.toString(), scratch);
        ImageList images = data.train();
        report("weak", images, new ViewRecipe.RandomView(SIZE, 0.2, false), threads, rounds);
        report("strong", images, new ViewRecipe.RandomView(SIZE, 0.2, true), threads, rounds);
        report("centre", images, new ViewRecipe.CentreView(256, SIZE), threads, rounds);
        Map<String, ImageList> sources = new LinkedHashMap<>();
        sources.put("folder", images);
        sources.put("list", open(list(folder, images, scratch), scratch).train());
        sources.put("tar", open(tars(data, scratch), scratch).train());
        for (String source : List.of(arguments).subList(Math.min(3, arguments.length), arguments.length)) {
            sources.put(source, open(source, scratch).train());
        }
        compare(sources, threads, rounds);
    }

    private static ImageDataset open(String source, Path scratch) {
        return DatasetOpener.local(
                Dataset.newBuilder().addPath(source).build(),
                new DatasetOpener.Local(scratch, Roots.ANYWHERE, ImageDataset.IndexProgress.SILENT),
                System.err::println);
    }

    private static String list(Path folder, ImageList images, Path scratch) throws IOException {
        List<String> lines = IntStream.range(0, images.size())
                .mapToObj(id -> folder.toAbsolutePath() + "/" + images.path(id) + "\t" + images.className(id))
                .toList();
        return "list:" + Files.write(scratch.resolve("list.txt"), lines);
    }

    private static String tars(ImageDataset data, Path scratch) {
        Path out = scratch.resolve("shards");
        PackSettings settings = new PackSettings(2_000_000, Optional.empty(), Optional.empty(), Optional.empty());
        new ShardPacker(data, settings, out).pack(1, ProgressMonitor.SILENT);
        return "tar:" + out + "/train-*.tar";
    }

    /** Weak views from each source, a round of one after a round of the other, with their ratio to the first. */
    private static void compare(Map<String, ImageList> sources, int threads, int rounds) {
        ViewRecipe recipe = new ViewRecipe.RandomView(SIZE, 0.2, false);
        BatchLoader.Settings settings = new BatchLoader.Settings(threads, threads + 2, 1);
        Map<String, double[]> rates = new LinkedHashMap<>();
        sources.keySet().forEach(name -> rates.put(name, new double[rounds]));
        for (int round = 0; round < rounds; round++) {
            for (Map.Entry<String, ImageList> source : sources.entrySet()) {
                int size = source.getValue().size();
                int batches = Math.max(8, size * 4 / BATCH);
                try (BatchLoader loader = new BatchLoader(source.getValue(), settings, System.out::println);
                        BatchStream queue = loader.batches(requests(size, recipe))) {
                    take(queue, batches);
                    long begun = System.nanoTime();
                    take(queue, batches);
                    rates.get(source.getKey())[round] = batches * BATCH / ((System.nanoTime() - begun) / 1e9);
                }
            }
        }
        rates.values().forEach(Arrays::sort);
        double first = rates.values().iterator().next()[rounds / 2];
        rates.forEach((name, all) -> System.out.printf(
                "source %-6s %4.0f images/s a thread, %.2f of the folder (medians of %d rounds)%n",
                name, all[rounds / 2] / threads, all[rounds / 2] / first, rounds));
    }

    private static void report(String name, ImageList images, ViewRecipe recipe, int threads, int rounds) {
        BatchLoader.Settings settings = new BatchLoader.Settings(threads, threads + 2, 1);
        double[] rates = new double[rounds];
        int batches = Math.max(8, images.size() * 4 / BATCH);
        try (BatchLoader loader = new BatchLoader(images, settings, System.out::println);
                BatchStream queue = loader.batches(requests(images.size(), recipe))) {
            // The compiler's warm-up, and a full queue.
            take(queue, 3 * batches);
            for (int round = 0; round < rounds; round++) {
                long begun = System.nanoTime();
                take(queue, batches);
                rates[round] = batches * BATCH / ((System.nanoTime() - begun) / 1e9);
            }
        }
        Arrays.sort(rates);
        System.out.printf(
                "loader %-6s %4.0f images/s a thread (median of %d rounds, %.0f to %.0f; %d threads, %.0f MB resident)%n",
                name,
                rates[rounds / 2] / threads,
                rounds,
                rates[0] / threads,
                rates[rounds - 1] / threads,
                threads,
                residentMegabytes());
    }

    private static Iterator<BatchLoader.Request> requests(int size, ViewRecipe recipe) {
        int[] epochs = {0};
        return IntStream.iterate(0, i -> i + 1)
                .mapToObj(i -> IntStream.range(i * BATCH, (i + 1) * BATCH).map(id -> id % size))
                .map(ids -> new BatchLoader.Request(epochs[0]++, ids.toArray(), View.each(recipe)))
                .iterator();
    }

    private static void take(BatchStream queue, int batches) {
        for (int i = 0; i < batches; i++) {
            try (Batch batch = queue.next()) {
                batch.views(0).get(0);
            }
        }
    }

    /** Memory of this process, the native libraries' included; not a number where Linux isn't. */
    private static double residentMegabytes() {
        try {
            String[] pages = Files.readString(Path.of("/proc/self/statm")).split(" ");
            return Long.parseLong(pages[1]) * 4096 / 1e6;
        } catch (IOException e) {
            return Double.NaN;
        }
    }
}
