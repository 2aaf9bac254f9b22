package org.simreg.coordinator.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.simreg.coordinator.client.ApiClient;
import org.simreg.coordinator.client.Target;

/**
 * A coordinator and its workers as processes of this machine, to be killed, frozen and started
 * again. Each has a log below a folder; workers have one libtorch thread.
 */
public final class Processes implements AutoCloseable {
    private static final String COORDINATOR = "coordinator";

    private final Path folder;
    private final int port = freePort();
    private final int clusterPort = freePort();
    private final Map<String, Process> running = new LinkedHashMap<>();

    /**
     * @param folder for logs and for the coordinator's home
     */
    public Processes(Path folder) {
        this.folder = folder;
        // Nobody outlives the one who measures.
        Runtime.getRuntime().addShutdownHook(new Thread(this::close, "processes"));
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Starts the coordinator, for the first time or again. */
    public void coordinator() {
        start(
                COORDINATOR,
                List.of(
                        "coordinator",
                        "--port=" + port,
                        "--cluster-port=" + clusterPort,
                        "--home=" + folder.resolve("home")));
    }

    /**
     * Starts a worker, for the first time or again.
     *
     * @param options more options of {@code simreg worker}
     */
    public void worker(String name, String... options) {
        List<String> arguments =
                new ArrayList<>(
                        List.of(
                                "worker",
                                "--name=" + name,
                                "--coordinator=127.0.0.1:" + port,
                                "--peers=127.0.0.1:" + clusterPort,
                                "--host=127.0.0.1",
                                "--device=cpu",
                                "--threads=1",
                                "--decode-threads=1"));
        arguments.addAll(List.of(options));
        start(name, arguments);
    }

    private synchronized void start(String name, List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(
                List.of(
                        "-Xmx1g",
                        "-XX:+UseParallelGC",
                        "-XX:ParallelGCThreads=1",
                        "-XX:TieredStopAtLevel=" + (name.equals(COORDINATOR) ? 1 : 4),
                        "-XX:+ExitOnOutOfMemoryError",
                        "-Dai.djl.offline=true",
                        "-DOPT_OUT_TRACKING=true",
                        "-Dsimreg.log.level=INFO",
                        "-Dorg.bytedeco.javacpp.maxBytes=0",
                        "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0"));
        if (Runtime.version().feature() >= 24) {
            command.add("--enable-native-access=ALL-UNNAMED");
            command.add("--sun-misc-unsafe-memory-access=allow");
        }
        command.addAll(List.of("-cp", System.getProperty("java.class.path")));
        command.add("org.simreg.coordinator.cli.Simreg");
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("OMP_NUM_THREADS", "1");
        builder.redirectOutput(ProcessBuilder.Redirect.appendTo(log(name).toFile()));
        try {
            Files.createDirectories(folder);
            running.put(name, builder.start());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What a process has written. */
    public Path log(String name) {
        return folder.resolve(name + ".log");
    }

    /** A connection to the coordinator; the caller closes it. */
    public ApiClient client() {
        return ApiClient.open(new Target("127.0.0.1", port), java.time.Duration.ofSeconds(60));
    }

    /** Names of the workers that were started and have not been killed. */
    public synchronized List<String> workers() {
        return running.keySet().stream().filter(name -> !name.equals(COORDINATOR)).toList();
    }

    /** Kills the coordinator with SIGKILL. */
    public void killCoordinator() {
        kill(COORDINATOR);
    }

    /** Kills with SIGKILL, and waits until the process is gone. */
    public synchronized void kill(String name) {
        await(running.remove(name).destroyForcibly());
    }

    /** Asks to leave, by SIGTERM; waits for the end. */
    public void leave(String name) {
        Process process;
        synchronized (this) {
            process = running.remove(name);
        }
        process.destroy();
        await(process);
    }

    /** Freezes with SIGSTOP. */
    public void freeze(String name) {
        signal("STOP", name);
    }

    /** Wakes what was frozen. */
    public void wake(String name) {
        signal("CONT", name);
    }

    /** Exit code of a process that has ended by itself. */
    public synchronized Optional<Integer> exit(String name) {
        Process process = running.get(name);
        return process == null || process.isAlive()
                ? Optional.empty()
                : Optional.of(process.exitValue());
    }

    private void signal(String signal, String name) {
        long pid;
        synchronized (this) {
            pid = running.get(name).pid();
        }
        try {
            await(new ProcessBuilder("kill", "-" + signal, String.valueOf(pid)).start());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void await(Process process) {
        try {
            if (!process.waitFor(60, TimeUnit.SECONDS)) {
                throw new IllegalStateException("process " + process.pid() + " does not end");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while a process ends", e);
        }
    }

    /** Kills all. */
    @Override
    public synchronized void close() {
        running.values().forEach(Process::destroyForcibly);
        running.values().forEach(Processes::await);
        running.clear();
    }
}
