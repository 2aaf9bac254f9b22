package org.simreg.coordinator.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** A command {@code simreg} in a JVM of its own, whose output goes to files. */
public final class Command {
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private static final Pattern COMPILATION =
            Pattern.compile("-XX:(Comp.*|[+]UnlockDiagnosticVMOptions|-DisplayVMOutput)");

    private final Process process;
    private final Path out;
    private final Path err;

    private Command(Process process, Path out, Path err) {
        this.process = process;
        this.out = out;
        this.err = err;
    }

    /**
     * @param folder for its output and its cache
     */
    public static Command start(Path folder, List<String> args) throws IOException {
        return start(folder, Path.of(""), args);
    }

    /**
     * @param folder for its output and its cache
     * @param directory that it runs in
     */
    static Command start(Path folder, Path directory, List<String> args) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-Xmx1g", "-XX:+UseSerialGC"));
        command.addAll(compilation());
        command.addAll(List.of("-Dai.djl.offline=true", "-DOPT_OUT_TRACKING=true"));
        if (Runtime.version().feature() >= 24) {
            // As scripts/simreg does: newer JVMs warn on standard error.
            command.add("--enable-native-access=ALL-UNNAMED");
            command.add("--sun-misc-unsafe-memory-access=allow");
        }
        command.add("-Dorg.bytedeco.javacpp.maxBytes=0");
        command.add("-Dorg.bytedeco.javacpp.maxPhysicalBytes=0");
        command.addAll(List.of("-cp", System.getProperty("java.class.path")));
        command.add(Simreg.class.getName());
        command.addAll(args);
        Path out = Files.createTempFile(folder, "out", ".txt");
        Path err = Files.createTempFile(folder, "err", ".txt");
        ProcessBuilder builder =
                new ProcessBuilder(command).directory(directory.toAbsolutePath().toFile());
        builder.environment().put("XDG_CACHE_HOME", folder.toString());
        builder.redirectOutput(out.toFile()).redirectError(err.toFile());
        return new Command(builder.start(), out, err);
    }

    /** The options of this JVM that say how it compiles, for short-lived JVMs that it starts. */
    public static List<String> compilation() {
        return ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(COMPILATION.asMatchPredicate())
                .toList();
    }

    /** Runs to the end; the exit code. */
    public int end() throws InterruptedException {
        assertTrue(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS), "still running after " + PATIENCE);
        return process.exitValue();
    }

    /**
     * Waits until a file has a line that contains the text.
     *
     * @throws AssertionError if the process ends before, or it takes too long
     */
    public Command awaits(Path file, String text) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!Files.exists(file) || !Files.readString(file).contains(text)) {
            if (process.waitFor(5, TimeUnit.MILLISECONDS)) {
                fail("it ended with " + process.exitValue() + " before " + text + ": " + err());
            }
            assertTrue(System.nanoTime() < deadline, "no " + text + " in " + file);
        }
        return this;
    }

    /** Ends it as {@code kill -9} does. */
    public int kill() throws InterruptedException {
        process.destroyForcibly();
        return end();
    }

    /** Asks it to end, as {@code kill} and Ctrl-C do. */
    public int terminate() throws InterruptedException {
        process.toHandle().destroy();
        return end();
    }

    /** The file with what it printed until now. */
    Path outFile() {
        return out;
    }

    public String out() throws IOException {
        return Files.readString(out);
    }

    public String err() throws IOException {
        return Files.readString(err);
    }
}
