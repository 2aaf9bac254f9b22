package org.simreg.bench.reduce;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A benchmark of {@code ClusterReduce} among worker processes of this machine, with the gradients
 * of ResNet-18 and a four-layer head, over both transports: how fast it is alone, and how much of
 * it the step sees when it runs beside a teacher. Prints a line a combination and a table.
 *
 * <pre>ReduceBench [STEPS] [WORKERS,..] [TRANSPORT,..] [THREADS]</pre>
 */
public final class ReduceBench {
    private final int steps;
    private final int threads;
    private final List<String> rows = new ArrayList<>();

    private ReduceBench(int steps, int threads) {
        this.steps = steps;
        this.threads = threads;
    }

    /** See the class. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        int steps = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 9;
        String workers = arguments.length > 1 ? arguments[1] : "2,3,4";
        String transports = arguments.length > 2 ? arguments[2] : "netty,eventbus";
        int threads = arguments.length > 3 ? Integer.parseInt(arguments[3]) : 1;
        ReduceBench bench = new ReduceBench(steps, threads);
        for (String count : workers.split(",")) {
            for (String transport : transports.split(",")) {
                bench.measure(transport, Integer.parseInt(count));
            }
        }
        System.out.println();
        System.out.println("| transport | workers | reduce ms | MB/s a link, each way | teacher ms | waited ms |"
                + " hidden | hidden of the step |");
        System.out.println("| --- | --- | --- | --- | --- | --- | --- | --- |");
        bench.rows.forEach(System.out::println);
    }

    private void measure(String transport, int workers) throws IOException, InterruptedException {
        Path cluster = ReduceCluster.file(somePort());
        List<Process> processes = new ArrayList<>();
        try {
            for (int rank = 0; rank < workers; rank++) {
                processes.add(worker(transport, rank, cluster));
            }
            report(transport, workers, results(processes));
            for (Process process : processes) {
                process.waitFor();
            }
        } finally {
            processes.forEach(Process::destroyForcibly);
            Files.deleteIfExists(cluster);
        }
    }

    private Process worker(String transport, int rank, Path cluster) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current().info().command().orElse("java"));
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.add("-Xmx2g");
        command.add("-Dvertx.hazelcast.config=" + cluster);
        command.add("-Dhazelcast.logging.type=slf4j");
        command.addAll(List.of(
                "--add-modules=java.se",
                "--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED",
                "--add-opens=java.base/java.lang=ALL-UNNAMED",
                "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
                "--add-opens=java.management/sun.management=ALL-UNNAMED",
                "--add-opens=jdk.management/com.sun.management.internal=ALL-UNNAMED"));
        command.add("-Dhazelcast.phone.home.enabled=false");
        command.addAll(List.of("-cp", System.getProperty("java.class.path")));
        command.add(ReduceBenchWorker.class.getName());
        command.addAll(List.of(transport, "" + rank, "" + steps, "" + threads));
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
        // Also for what libtorch does on the thread of the reduce.
        builder.environment().put("OMP_NUM_THREADS", "" + threads);
        Process process = builder.start();
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
        return process;
    }

    private static List<double[]> results(List<Process> processes) throws IOException {
        List<BufferedReader> outputs = new ArrayList<>();
        StringBuilder addresses = new StringBuilder();
        for (Process process : processes) {
            outputs.add(new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8)));
            addresses.append(answer(outputs.get(outputs.size() - 1))).append(' ');
        }
        for (Process process : processes) {
            PrintStream input = new PrintStream(process.getOutputStream(), true);
            input.println(addresses.toString().strip());
        }
        List<double[]> results = new ArrayList<>();
        for (BufferedReader output : outputs) {
            String[] fields = answer(output).split(" ");
            double[] values = new double[fields.length];
            for (int i = 0; i < fields.length; i++) {
                values[i] = Double.parseDouble(fields[i]);
            }
            results.add(values);
        }
        return results;
    }

    /** Workers may log in between. */
    private static String answer(BufferedReader output) throws IOException {
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            if (line.startsWith(ReduceBenchWorker.ANSWER)) {
                return line.substring(ReduceBenchWorker.ANSWER.length());
            }
            System.err.println(line);
        }
        throw new IOException("a worker of the benchmark ended early; its messages are above");
    }

    private void report(String transport, int workers, List<double[]> results) {
        double bytes = results.get(0)[0];
        double reduce = median(results, 1);
        double teacher = median(results, 2);
        double step = median(results, 3);
        double waited = median(results, 4);
        double rate = 2 * bytes / workers / 1e6 / (reduce / 1e3);
        double hidden = 1 - waited / reduce;
        double hiddenOfStep = 1 - (step - teacher) / reduce;
        System.out.printf(
                Locale.ROOT,
                "{\"bench\": \"reduce\", \"transport\": \"%s\", \"workers\": %d, \"mb\": %.1f, \"reduce_ms\": %.0f, "
                        + "\"link_mb_s\": %.0f, \"teacher_ms\": %.0f, \"step_ms\": %.0f, \"waited_ms\": %.0f, "
                        + "\"hidden\": %.2f, \"hidden_of_step\": %.2f}%n",
                transport,
                workers,
                bytes / 1e6,
                reduce,
                rate,
                teacher,
                step,
                waited,
                hidden,
                hiddenOfStep);
        rows.add(String.format(
                Locale.ROOT,
                "| %s | %d | %.0f | %.0f | %.0f | %.0f | %.0f %% | %.0f %% |",
                transport,
                workers,
                reduce,
                rate,
                teacher,
                waited,
                100 * hidden,
                100 * hiddenOfStep));
    }

    private static double median(List<double[]> results, int field) {
        return ReduceBenchWorker.median(
                results.stream().mapToDouble(values -> values[field]).toArray());
    }

    /** So that two benchmarks on a machine seldom meet; their clusters have different names. */
    private static int somePort() {
        return 20_000 + (int) (ProcessHandle.current().pid() % 10_000);
    }
}
