package org.simreg.bench;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.IntStream;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.features.bankfile.BankOrigin;
import org.simreg.worker.features.bankfile.FeatureTable;
import org.simreg.worker.features.search.SearchThreads;
import org.simreg.worker.features.search.Shard;
import org.simreg.worker.features.search.TopK;

/**
 * A benchmark of one shard: queries a second against a bank, all at once and a few at a time, from
 * {@code rows.npy} and {@code queries.npy} of a folder, where the answers go as {@code ids.bin} (Q,
 * k) int64.
 */
public final class SearchBench {
    private static final int SINGLE = 41;

    private SearchBench() {}

    /**
     * @param arguments folder, k, threads, rounds
     */
    public static void main(String[] arguments) throws Exception {
        Path folder = Path.of(arguments[0]);
        int k = Integer.parseInt(arguments[1]);
        int threads = Integer.parseInt(arguments[2]);
        Path bank = folder.resolve("rows.bank");
        if (!Files.exists(bank)) {
            long begun = System.nanoTime();
            try (FeatureTable rows = FeatureTable.open(folder.resolve("rows.npy"))) {
                rows.writeBank(bank, new BankOrigin("made up", "none"), 0, new int[rows.rows()]);
            }
            System.out.printf(Locale.ROOT, "{\"bench\": \"bank\", \"write_s\": %.2f}%n", seconds(begun));
        }
        float[] queries;
        try (FeatureTable file = FeatureTable.open(folder.resolve("queries.npy"))) {
            queries = file.next(file.rows());
        }
        long begun = System.nanoTime();
        try (Torch torch = new Torch("cpu", threads);
                SearchThreads pool = new SearchThreads(torch, threads);
                Shard shard = Shard.open(bank, pool, Long.MAX_VALUE)) {
            System.out.printf(Locale.ROOT, "{\"bench\": \"bank\", \"open_s\": %.2f}%n", seconds(begun));
            TopK found = null;
            for (int round = 0; round < Integer.parseInt(arguments[3]); round++) {
                found = all(shard, queries, k);
            }
            write(folder.resolve("ids.bin"), found);
            few(shard, queries, k, threads, bank);
        }
    }

    private static TopK all(Shard shard, float[] queries, int k) throws IOException {
        long begun = System.nanoTime();
        TopK found = shard.search(queries, k, () -> false);
        double taken = seconds(begun);
        long bank = Shard.bytes(shard.size(), shard.dimension());
        System.out.printf(
                Locale.ROOT,
                "{\"bench\": \"search\", \"mode\": \"ours\", \"rows\": %d, \"queries\": %d, \"seconds\": %.3f,"
                        + " \"queries_per_second\": %.1f, \"bank_mib\": %d, \"peak_beyond_bank_mib\": %d}%n",
                shard.size(),
                found.queries(),
                taken,
                found.queries() / taken,
                bank >> 20,
                (peak() - bank) >> 20);
        return found;
    }

    /** One query at a time, and batches of a few, beside a scan of the rows' bytes. */
    private static void few(Shard shard, float[] queries, int k, int threads, Path bank) throws IOException {
        int dimension = shard.dimension();
        for (int batch = 1; batch <= 8; batch *= 2) {
            double[] times = new double[SINGLE];
            for (int i = 0; i < SINGLE; i++) {
                int from = i * batch * dimension % (queries.length - batch * dimension + 1) / dimension * dimension;
                float[] query = Arrays.copyOfRange(queries, from, from + batch * dimension);
                long begun = System.nanoTime();
                shard.search(query, k, () -> false);
                times[i] = seconds(begun);
            }
            Arrays.sort(times);
            System.out.printf(
                    Locale.ROOT,
                    "{\"bench\": \"few queries\", \"mode\": \"ours\", \"queries\": %d, \"p50_ms\": %.2f, \"p99_ms\": %.2f,"
                            + " \"memory_scan_p50_ms\": %.2f}%n",
                    batch,
                    times[SINGLE / 2] * 1e3,
                    times[SINGLE - 1] * 1e3,
                    scan(bank, 2L * shard.size() * dimension, threads) * 1e3);
        }
    }

    /** Seconds that reading as many bytes as the bfloat16 rows have takes, on as many threads. */
    private static double scan(Path file, long bytes, int threads) throws IOException {
        int piece = 1 << 23;
        ByteBuffer[] pieces = new ByteBuffer[(int) (bytes / piece) + 1];
        try (FileChannel channel = FileChannel.open(file)) {
            for (int i = 0; i < pieces.length; i++) {
                long at = (long) i * piece;
                long length = Math.min(piece, bytes - at);
                pieces[i] = channel.map(FileChannel.MapMode.READ_ONLY, at, length);
            }
        }
        double[] times = new double[9];
        for (int i = 0; i < times.length; i++) {
            long begun = System.nanoTime();
            IntStream threadNumbers = IntStream.range(0, threads);
            long sum = threadNumbers
                    .parallel()
                    .mapToLong(thread -> sum(pieces, thread, threads))
                    .sum();
            times[i] = seconds(begun) + (sum == 42 ? 1e-12 : 0);
        }
        Arrays.sort(times);
        return times[times.length / 2];
    }

    private static long sum(ByteBuffer[] pieces, int thread, int threads) {
        long[] part = new long[1 << 11];
        long sum = 0;
        for (int i = thread; i < pieces.length; i += threads) {
            var longs = pieces[i].order(ByteOrder.nativeOrder()).asLongBuffer();
            while (longs.remaining() >= part.length) {
                longs.get(part);
                for (long value : part) {
                    sum += value;
                }
            }
        }
        return sum;
    }

    private static long peak() throws IOException {
        try (var lines = Files.lines(Path.of("/proc/self/status"))) {
            return lines.filter(line -> line.startsWith("VmHWM:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                    .findFirst()
                    .orElse(0);
        }
    }

    private static void write(Path file, TopK found) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(found.ids().length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asLongBuffer().put(found.ids());
        try (OutputStream out = Files.newOutputStream(file)) {
            out.write(bytes.array());
        }
    }

    private static double seconds(long since) {
        return (System.nanoTime() - since) / 1e9;
    }
}
