package org.simreg.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.stream.IntStream;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.dataset.folder.FolderSource;
import org.simreg.worker.data.loader.Batch;
import org.simreg.worker.data.loader.BatchLoader;
import org.simreg.worker.data.loader.BatchStream;
import org.simreg.worker.data.view.View;
import org.simreg.worker.data.view.ViewRecipe;

/**
 * A benchmark of the loader: images a second made into views, from file to batch.
 *
 * <pre>LoaderBench FOLDER [THREADS] [ROUNDS]</pre>
 *
 * A missing folder is filled with pictures of 500 x 375 first, so that another program can be
 * measured on the same files.
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
        Path cache = Files.createTempDirectory("loader-bench");
        ImageList images = FolderSource.open(
                        folder, ImageDataset.Subset.ALL, cache, ImageDataset.IndexProgress.SILENT, System.err::println)
                .train();
        report("weak", images, new ViewRecipe.RandomView(SIZE, 0.2, false), threads, rounds);
        report("strong", images, new ViewRecipe.RandomView(SIZE, 0.2, true), threads, rounds);
        report("centre", images, new ViewRecipe.CentreView(256, SIZE), threads, rounds);
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
