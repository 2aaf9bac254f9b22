package org.simreg.bench;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.proto.BankStatus;
import org.simreg.proto.CreateBankRequest;
import org.simreg.proto.DescribeBankRequest;
import org.simreg.proto.SearchGrpc;
import org.simreg.proto.SearchRequest;

/**
 * A benchmark of searches as clients of a bank see them: a coordinator and workers of one thread
 * each as processes, asked over sockets one query at a time by 1 and by 32 clients, and in batches.
 * Beside it the time of reading as many bytes as the bank has in bfloat16.
 */
public final class ServeBench {
    private static final int K = 20;
    private static final int QUERIES = 512;
    private static final int BATCH = 256;
    private static final int AT_ONCE = 4096;

    private final SearchGrpc.SearchBlockingStub search;
    private final ByteString[] queries = new ByteString[QUERIES];

    private ServeBench(SearchGrpc.SearchBlockingStub search, int width) {
        this.search = search;
        SplittableRandom random = new SplittableRandom(2);
        Arrays.setAll(queries, i -> ByteString.copyFrom(rows(random, 1, width)));
    }

    /**
     * @param arguments folder, rows, features, workers, seconds a measurement
     */
    public static void main(String[] arguments) throws Exception {
        Path folder = Path.of(arguments[0]).toAbsolutePath();
        int count = Integer.parseInt(arguments[1]);
        int width = Integer.parseInt(arguments[2]);
        int workers = Integer.parseInt(arguments[3]);
        double seconds = Double.parseDouble(arguments[4]);
        List<String> names = IntStream.range(0, workers).mapToObj(i -> "w" + i).toList();
        Path file = features(folder.resolve("rows.npy"), count, width);
        try (Processes processes = new Processes(folder, names, List.of())) {
            processes.coordinator();
            names.forEach(processes::worker);
            try (ApiClient client = processes.client()) {
                var stub = SearchGrpc.newBlockingStub(client.channel()).withWaitForReady();
                ServeBench bench = new ServeBench(stub, width);
                bench.make(file, workers);
                scan(2L * count * width, workers);
                bench.measure(1, 1, seconds / 2);
                bench.measure(1, 1, seconds);
                bench.measure(32, 1, seconds);
                bench.measure(2, BATCH, seconds);
            }
        }
    }

    private void make(Path features, int workers) {
        CreateBankRequest.Builder request = CreateBankRequest.newBuilder().setName("bank");
        request.setShards(workers);
        request.getSourceBuilder().getFeaturesBuilder().setFeatures(features.toString());
        long begun = System.nanoTime();
        search.createBank(request.build());
        DescribeBankRequest named =
                DescribeBankRequest.newBuilder().setName("bank").build();
        Iterator<BankStatus> states = search.watchBank(named);
        while (states.hasNext()) {
            states.next();
        }
        BankStatus bank = search.describeBank(named);
        while (bank.getState() == BankStatus.State.READY && !open(bank)) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
            bank = search.describeBank(named);
        }
        if (bank.getState() != BankStatus.State.READY) {
            throw new IllegalStateException(bank.getReason());
        }
        print("\"made\", \"rows\": %d, \"seconds\": %.1f", bank.getRows(), since(begun));
    }

    private static boolean open(BankStatus bank) {
        return bank.getShardsList().stream()
                .allMatch(shard -> shard.getHoldersList().stream().anyMatch(BankStatus.Holder::getReady));
    }

    private void measure(int clients, int together, double seconds) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(clients);
        try {
            long begun = System.nanoTime();
            long end = begun + (long) (seconds * 1e9);
            List<Future<double[]>> running = IntStream.range(0, clients)
                    .mapToObj(i -> threads.submit(() -> ask(i, together, end)))
                    .toList();
            double[] all = times(running);
            Arrays.sort(all);
            print(
                    "\"clients\": %d, \"together\": %d, \"p50_ms\": %.2f, \"p99_ms\": %.2f, \"queries_per_second\": %.1f",
                    clients,
                    together,
                    1e3 * all[all.length / 2],
                    1e3 * all[all.length * 99 / 100],
                    all.length * together / since(begun));
        } finally {
            threads.shutdown();
        }
    }

    private static double[] times(List<Future<double[]>> running) throws InterruptedException, ExecutionException {
        double[] all = new double[0];
        for (Future<double[]> one : running) {
            double[] own = one.get();
            int at = all.length;
            all = Arrays.copyOf(all, at + own.length);
            System.arraycopy(own, 0, all, at, own.length);
        }
        return all;
    }

    /** Seconds of each request. */
    private double[] ask(int first, int together, long end) {
        double[] times = new double[16];
        int asked = 0;
        while (System.nanoTime() < end || asked == 0) {
            ByteString vectors = ByteString.EMPTY;
            for (int i = 0; i < together; i++) {
                vectors = vectors.concat(queries[(first * 31 + asked * together + i) % QUERIES]);
            }
            SearchRequest request = SearchRequest.newBuilder()
                    .setBank("bank")
                    .setVectors(vectors)
                    .setK(K)
                    .build();
            long begun = System.nanoTime();
            search.search(request);
            times = asked < times.length ? times : Arrays.copyOf(times, 2 * asked);
            times[asked++] = since(begun);
        }
        return Arrays.copyOf(times, asked);
    }

    /** Reading from memory, on as many threads as there are workers. */
    private static void scan(long bytes, int threads) {
        long[][] memory = new long[threads][(int) (bytes / Long.BYTES / threads)];
        double[] times = new double[15];
        for (int i = 0; i < times.length; i++) {
            long begun = System.nanoTime();
            long sum =
                    Arrays.stream(memory).parallel().mapToLong(ServeBench::sum).sum();
            times[i] = since(begun) + (sum == 42 ? 1e-12 : 0);
        }
        Arrays.sort(times);
        print("\"memory scan of the bfloat16 rows\", \"p50_ms\": %.2f", 1e3 * times[7]);
    }

    private static long sum(long[] memory) {
        long sum = 0;
        for (long value : memory) {
            sum += value;
        }
        return sum;
    }

    private static Path features(Path file, int count, int width) throws IOException {
        String head = "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }".formatted(count, width);
        String padded = head + " ".repeat(64 - (10 + head.length() + 1) % 64) + "\n";
        Files.createDirectories(file.getParent());
        SplittableRandom random = new SplittableRandom(1);
        try (FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            ByteBuffer start = ByteBuffer.allocate(10).order(ByteOrder.LITTLE_ENDIAN);
            start.put((byte) 0x93).put("NUMPY".getBytes(StandardCharsets.ISO_8859_1));
            start.put((byte) 1).put((byte) 0).putShort((short) padded.length());
            out.write(start.flip());
            out.write(ByteBuffer.wrap(padded.getBytes(StandardCharsets.ISO_8859_1)));
            for (int from = 0; from < count; from += AT_ONCE) {
                ByteBuffer some = rows(random, Math.min(AT_ONCE, count - from), width);
                while (some.hasRemaining()) {
                    out.write(some);
                }
            }
        }
        return file;
    }

    private static ByteBuffer rows(SplittableRandom random, int count, int width) {
        ByteBuffer rows = ByteBuffer.allocate(count * width * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        while (rows.hasRemaining()) {
            rows.putFloat((float) random.nextGaussian());
        }
        return rows.flip();
    }

    private static double since(long begun) {
        return (System.nanoTime() - begun) / 1e9;
    }

    private static void print(String pattern, Object... values) {
        String what = pattern.startsWith("\"clients\"") ? "" : "\"measured\": ";
        System.out.printf(Locale.ROOT, "{\"bench\": \"serve\", " + what + pattern + "}%n", values);
    }
}
