package org.simreg.bench;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.apache.parquet.format.CompressionCodec;
import org.simreg.bench.bucket.LoopbackS3;
import org.simreg.bench.bucket.ParquetPictures;
import org.simreg.proto.Dataset;
import org.simreg.proto.Roots;
import org.simreg.worker.base.concurrent.ProgressMonitor;
import org.simreg.worker.data.cache.SampleCache;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.loader.Batch;
import org.simreg.worker.data.loader.BatchLoader;
import org.simreg.worker.data.loader.BatchStream;
import org.simreg.worker.data.pack.PackSettings;
import org.simreg.worker.data.pack.ShardPacker;
import org.simreg.worker.data.storage.DatasetOpener;
import org.simreg.worker.data.store.LocalFolder;
import org.simreg.worker.data.view.View;
import org.simreg.worker.data.view.ViewRecipe;

/**
 * A benchmark of the loader: images a second made into views, from file to batch.
 *
 * <pre>LoaderBench FOLDER [THREADS] [ROUNDS] [SOURCE]...</pre>
 *
 * A missing folder is filled with pictures of 500 x 375 first, so that another program can be
 * measured on the same files. The same pictures are measured from a list, from tars, from Parquet (pages as they are, and packed) and from a bucket on
 * loopback with 20 ms added to each request and an empty cache, and other sources that are named, round by round in turn.
 */
public final class LoaderBench {
    private static final int PICTURES = 64;
    private static final int SIZE = 224;
    private static final int BATCH = 32;

    /** Of each picture in the bucket: none is asked for twice in a round. */
    private static final int COPIES = 16;

    /** Rounds in which the compilers work, most on the bucket's server and client: until they rest, at most so many. */
    private static final int MOST_WARM_UP = 80;

    /** Part of a round's time that compilers take when they rest. */
    private static final double REST = 0.03;

    private static final OperatingSystemMXBean PROCESS =
            ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
    private static final Duration LATENCY = Duration.ofMillis(20);

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
        Map<String, Supplier<ImageList>> sources = new LinkedHashMap<>();
        sources.put("folder", () -> images);
        sources.put("list", always(list(folder, images, scratch), scratch));
        sources.put("tar", always(tars(data, scratch), scratch));
        Path parquet = ParquetPictures.write(folder, scratch.resolve("plain.parquet"));
        sources.put("parquet", always("parquet:" + parquet, scratch));
        for (CompressionCodec codec : List.of(CompressionCodec.SNAPPY, CompressionCodec.ZSTD)) {
            Path packed = ParquetPictures.write(folder, scratch.resolve(codec + ".parquet"), codec);
            sources.put("parquet " + codec, always("parquet:" + packed, scratch));
        }
        for (String source : List.of(arguments).subList(Math.min(3, arguments.length), arguments.length)) {
            sources.put(source, always(source, scratch));
        }
        try (LoopbackS3 server = new LoopbackS3(LATENCY)) {
            server.use(server.direct());
            server.bucket("pictures", copies(folder, images, scratch.resolve("copies")));
            sources.put("s3", () -> bucket(scratch));
            compare(sources, threads, rounds);
        }
        System.exit(0);
    }

    private static Supplier<ImageList> always(String source, Path scratch) {
        ImageList images = open(source, scratch).train();
        return () -> images;
    }

    private static Path copies(Path folder, ImageList images, Path into) throws IOException {
        for (int copy = 0; copy < COPIES; copy++) {
            for (int id = 0; id < images.size(); id++) {
                Path to = into.resolve("copy-" + copy).resolve(images.path(id));
                Files.createDirectories(to.getParent());
                Files.copy(folder.resolve(images.path(id)), to);
            }
        }
        return into;
    }

    /** With a cache that is empty. */
    private static ImageList bucket(Path scratch) {
        try {
            SampleCache cache = new SampleCache(Files.createTempDirectory(scratch, "cache"), 1_000_000_000);
            DatasetOpener.Local here = new DatasetOpener.Local(
                    scratch, Roots.ANYWHERE, ImageDataset.IndexProgress.SILENT, Optional.of(cache));
            Dataset data = Dataset.newBuilder().addPath("s3://pictures").build();
            return DatasetOpener.local(data, here, System.err::println).train();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
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
        new ShardPacker(data, settings, new LocalFolder(out)).pack(1, ProgressMonitor.SILENT);
        return "tar:" + out + "/train-*.tar";
    }

    /**
     * Weak views from each source, a round of one after a round of the other, with their ratio to the first: by the
     * clock, and by the time that decode threads computed or waited, which other programs on the machine leave alone.
     */
    private static void compare(Map<String, Supplier<ImageList>> sources, int threads, int rounds) {
        BatchLoader.Settings settings = new BatchLoader.Settings(threads, threads + 2, 1);
        Map<String, List<Turn>> turns = new LinkedHashMap<>();
        sources.keySet().forEach(name -> turns.put(name, new ArrayList<>()));
        THREADS.setThreadContentionMonitoringEnabled(true);
        sources.values().forEach(source -> warmUp(source, settings));
        for (int round = 0; round < rounds; round++) {
            for (Map.Entry<String, Supplier<ImageList>> source : sources.entrySet()) {
                turns.get(source.getKey()).add(turn(source.getValue().get(), settings));
            }
        }
        List<Turn> first = turns.values().iterator().next();
        turns.forEach((name, all) -> System.out.printf(
                "source %-14s %4.0f images/s a thread, %.2f of the folder, %.2f by decode threads' own time"
                        + " (medians of %d rounds), %.2f ms of all processors an image%n",
                name,
                median(all, Turn::rate) / threads,
                median(all, Turn::rate) / median(first, Turn::rate),
                median(all, Turn::own) / median(first, Turn::own),
                rounds,
                median(all, Turn::processor) * 1e3));
    }

    /** Rounds until the compilers have rested for three of them. */
    private static void warmUp(Supplier<ImageList> source, BatchLoader.Settings settings) {
        CompilationMXBean compilers = ManagementFactory.getCompilationMXBean();
        int rested = 0;
        for (int round = 0; round < MOST_WARM_UP && rested < 3; round++) {
            long compiled = compilers.getTotalCompilationTime();
            long begun = System.nanoTime();
            turn(source.get(), settings);
            double seconds = (System.nanoTime() - begun) / 1e9;
            rested = (compilers.getTotalCompilationTime() - compiled) / 1e3 < REST * seconds ? rested + 1 : 0;
        }
    }

    /**
     * What one round of a source took.
     *
     * @param rate images a second by the clock
     * @param own images a second of decode threads' time
     * @param processor seconds of the process an image, a bucket's server included
     */
    private record Turn(double rate, double own, double processor) {}

    private static Turn turn(ImageList images, BatchLoader.Settings settings) {
        ViewRecipe recipe = new ViewRecipe.RandomView(SIZE, 0.2, false);
        int batches = 4 * PICTURES / BATCH;
        double count = batches * BATCH;
        try (BatchLoader loader = new BatchLoader(images, settings, System.out::println);
                BatchStream queue = loader.batches(requests(images.size(), recipe))) {
            take(queue, batches);
            double decoding = decodeSeconds();
            double process = processSeconds();
            long begun = System.nanoTime();
            take(queue, batches);
            double seconds = (System.nanoTime() - begun) / 1e9;
            return new Turn(
                    count / seconds, count / (decodeSeconds() - decoding), (processSeconds() - process) / count);
        }
    }

    private static double median(List<Turn> turns, ToDoubleFunction<Turn> figure) {
        return turns.stream().mapToDouble(figure).sorted().toArray()[turns.size() / 2];
    }

    private static double processSeconds() {
        return PROCESS.getProcessCpuTime() / 1e9;
    }

    /** Time that decode threads computed, waited for samples or for their turn. */
    private static double decodeSeconds() {
        double seconds = 0;
        for (ThreadInfo thread : THREADS.getThreadInfo(THREADS.getAllThreadIds())) {
            if (thread != null && thread.getThreadName().startsWith("decode-")) {
                seconds += THREADS.getThreadCpuTime(thread.getThreadId()) / 1e9;
                seconds += (thread.getWaitedTime() + thread.getBlockedTime()) / 1e3;
            }
        }
        return seconds;
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
