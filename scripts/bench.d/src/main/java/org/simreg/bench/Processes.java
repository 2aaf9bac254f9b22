package org.simreg.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.coordinator.grpc.client.ClientCredentials;
import org.simreg.coordinator.grpc.client.HostPort;

/**
 * A coordinator and its workers as processes of this machine, to be killed, frozen and started
 * again. Each has a folder of its own, in which it runs and caches, and beside it a log; workers
 * have one libtorch thread.
 */
public final class Processes implements AutoCloseable {
    /** Name of the coordinator's folder and log. */
    public static final String COORDINATOR = "coordinator";

    private static final String HERE = "127.0.0.1";
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final Path folder;
    private final List<String> options;
    private final int port;
    private final Map<String, Integer> clusterPorts = new LinkedHashMap<>();
    private final Map<String, Process> running = new LinkedHashMap<>();
    private final Map<String, String> environment = new LinkedHashMap<>();
    private final List<String> coordinatorOptions = new ArrayList<>();
    private final List<String> workerOptions = new ArrayList<>();
    private final Map<String, Place> places = new LinkedHashMap<>();

    /**
     * A place in a network of its own.
     *
     * @param host address there
     * @param command that runs another one there
     */
    record Place(String host, List<String> command) {}

    /**
     * @param folder of what they write; absolute
     * @param workers names of those that may be started
     * @param options of their JVMs, besides the usual ones
     */
    public Processes(Path folder, List<String> workers, List<String> options) {
        this.folder = folder;
        this.options = List.copyOf(options);
        Ports ports = new Ports();
        port = ports.next();
        clusterPorts.put(COORDINATOR, ports.next());
        workers.forEach(name -> clusterPorts.put(name, ports.next()));
        // None of them outlives this process.
        Runtime.getRuntime().addShutdownHook(new Thread(this::close, "processes"));
    }

    /** Sets variables of all processes that are started from now on. */
    public void environment(Map<String, String> variables) {
        environment.putAll(variables);
    }

    /** Gives more options to coordinators that are started from now on. */
    public void coordinatorOptions(String... more) {
        coordinatorOptions.addAll(List.of(more));
    }

    /** Gives more options to workers that are started from now on. */
    public void workerOptions(String... more) {
        workerOptions.addAll(List.of(more));
    }

    /** Gives a process that is not started yet a place in a network of its own. */
    void place(String name, Place place) {
        places.put(name, place);
    }

    private String host(String name) {
        return places.containsKey(name) ? places.get(name).host : HERE;
    }

    /** Starts the coordinator, for the first time or again. */
    public void coordinator() {
        List<String> arguments = new ArrayList<>(List.of("coordinator", "--port=" + port));
        arguments.add("--home=" + directory(COORDINATOR).resolve("home"));
        arguments.addAll(membership(COORDINATOR));
        arguments.addAll(coordinatorOptions);
        start(COORDINATOR, arguments);
    }

    /** Starts a worker, for the first time or again. */
    public void worker(String name) {
        worker(name, List.of());
    }

    /** The same with options of its own. */
    void worker(String name, List<String> own) {
        List<String> arguments = new ArrayList<>(List.of("worker", "--name=" + name));
        arguments.add("--coordinator=" + address());
        arguments.addAll(List.of("--device=cpu", "--threads=1", "--decode-threads=1"));
        arguments.addAll(membership(name));
        arguments.addAll(workerOptions);
        arguments.addAll(own);
        start(name, arguments);
    }

    private List<String> membership(String name) {
        String all = clusterPorts.entrySet().stream()
                .map(one -> new HostPort(host(one.getKey()), one.getValue()).toString())
                .collect(Collectors.joining(","));
        return List.of("--host=" + host(name), "--cluster-port=" + clusterPorts.get(name), "--peers=" + all);
    }

    /**
     * Starts any command of simreg.
     *
     * @param name of its folder and log
     */
    public synchronized void start(String name, List<String> arguments) {
        List<String> command = new ArrayList<>();
        Optional.ofNullable(places.get(name)).ifPresent(place -> command.addAll(place.command));
        command.addAll(Jvm.command(options));
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.directory(directory(name).toFile());
        builder.environment()
                .put("XDG_CACHE_HOME", directory(name).resolve("cache").toString());
        builder.environment().putAll(environment);
        builder.redirectOutput(ProcessBuilder.Redirect.appendTo(log(name).toFile()));
        try {
            running.put(name, builder.start());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Whether a process was started, and neither killed nor awaited since. */
    public synchronized boolean runs(String name) {
        return running.containsKey(name);
    }

    /** The folder that a process runs in; made if it is absent. */
    public Path directory(String name) {
        try {
            return Files.createDirectories(folder.resolve(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The folder that the coordinator runs in. */
    public Path coordinatorDirectory() {
        return directory(COORDINATOR);
    }

    /** The number of a running process. */
    public synchronized long pid(String name) {
        return running.get(name).pid();
    }

    /** What a process has written. */
    public Path log(String name) {
        return folder.resolve(name + ".log");
    }

    /** A connection to the coordinator, which may still be starting; the caller closes it. */
    public ApiClient client() {
        return client(ClientCredentials.NONE);
    }

    /** The same with certificates and a token. */
    public ApiClient client(ClientCredentials credentials) {
        return ApiClient.open(address(), PATIENCE, credentials);
    }

    /** Where the coordinator is asked. */
    public HostPort address() {
        return new HostPort(host(COORDINATOR), port);
    }

    /** Kills the coordinator with SIGKILL. */
    public void killCoordinator() {
        kill(COORDINATOR);
    }

    /** Kills with SIGKILL, and waits until the process is gone. */
    public void kill(String name) {
        Process process = taken(name);
        process.destroyForcibly();
        await(process);
    }

    /** Kills all with SIGKILL, as nearly at once as can be. */
    public synchronized void killAll() {
        running.values().forEach(Process::destroyForcibly);
        running.values().forEach(Processes::await);
        running.clear();
    }

    /**
     * Asks to leave, by SIGTERM, and waits for the end.
     *
     * @return exit code
     */
    public int leave(String name) {
        Process process = taken(name);
        process.destroy();
        return await(process);
    }

    /**
     * Asks to leave, by SIGTERM, and kills with SIGKILL what is still there after a time, as a node does that goes.
     *
     * @return how long it took to end; as long as the time if it was killed
     */
    Duration leave(String name, Duration most) {
        Process process = taken(name);
        long begin = System.nanoTime();
        process.destroy();
        try {
            if (!process.waitFor(most.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
                await(process);
                return most;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while a process ends", e);
        }
        return Duration.ofNanos(System.nanoTime() - begin);
    }

    /** Asks to leave, by SIGTERM, and doesn't wait. */
    public synchronized void ask(String name) {
        running.get(name).destroy();
    }

    /** Asks the coordinator to end, by SIGTERM, and waits for the end. */
    public void leaveCoordinator() {
        leave(COORDINATOR);
    }

    /**
     * Waits until a process has ended by itself.
     *
     * @return exit code
     */
    public int end(String name) {
        return await(taken(name));
    }

    /** Freezes with SIGSTOP. */
    public void freeze(String name) {
        signal("STOP", name);
    }

    /** Wakes what was frozen. */
    public void wake(String name) {
        signal("CONT", name);
    }

    private synchronized Process taken(String name) {
        return running.remove(name);
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

    private static int await(Process process) {
        try {
            if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                throw new IllegalStateException("process " + process.pid() + " does not end");
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while a process ends", e);
        }
    }

    /** Kills all. */
    @Override
    public void close() {
        killAll();
    }
}
