package org.simreg.coordinator.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The script {@code scripts/cluster}, with a {@code simreg} of shell that logs its arguments. */
@Timeout(90)
class ClusterScriptTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    Path temporary;

    private Path folder;
    private Path notes;
    private final Map<String, String> environment = new HashMap<>();
    private Process cluster;

    @BeforeEach
    void aSimregOfShell() throws IOException {
        Path scripts = Files.createDirectory(temporary.resolve("my scripts"));
        folder = temporary.resolve("a run");
        notes = Files.createFile(temporary.resolve("notes"));
        Files.copy(Path.of("..", "scripts", "cluster"), scripts.resolve("cluster"));
        Path simreg = scripts.resolve("simreg");
        Files.writeString(simreg, """
                #!/bin/bash
                case "$1" in
                  workers) echo HEADS; grep -c '^worker.*--name' "$NOTES" >/dev/null \\
                    && grep '^worker.*--name' "$NOTES" | sort -u; exit 0 ;;
                  --version) exit 0 ;;
                esac
                echo "$*" >>"$NOTES"
                name="$1"
                [[ "$*" != *worker-2* ]] || name=worker-2
                [[ "$1" != coordinator || ! -e "$NOTES.broken" ]] || { echo "port taken"; exit 1; }
                trap 'echo "$name ended" >>"$NOTES"; exit 143' TERM
                while [[ ! ( $name == worker-2 && -e "$NOTES.again" ) ]]; do sleep 0.05; done
                rm "$NOTES.again"; exit 75
                """);
        assertTrue(simreg.toFile().setExecutable(true));
    }

    @AfterEach
    void nothingIsLeftRunning() throws InterruptedException {
        if (cluster != null && cluster.isAlive()) {
            cluster.toHandle().destroy();
            assertTrue(cluster.waitFor(60, TimeUnit.SECONDS));
        }
    }

    private Process script(String... args) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(temporary.resolve("my scripts").resolve("cluster").toString());
        command.addAll(List.of(args));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("NOTES", notes.toString());
        builder.environment().put("TMPDIR", temporary.toString());
        builder.environment().putAll(environment);
        builder.redirectOutput(ProcessBuilder.Redirect.appendTo(out().toFile()));
        return builder.start();
    }

    private Path out() {
        return temporary.resolve("out.txt");
    }

    private void start(String... more) throws IOException {
        List<String> args = new ArrayList<>(List.of("2", "--folder", folder.toString()));
        args.addAll(List.of(more));
        cluster = script(args.toArray(String[]::new));
    }

    private static void await(Path file, String text) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!Files.exists(file) || !Files.readString(file).contains(text)) {
            assertTrue(System.nanoTime() < deadline, "no '" + text + "' in " + file);
            Thread.onSpinWait();
        }
    }

    private List<String> noted(String part) throws IOException {
        return Files.readAllLines(notes).stream()
                .filter(line -> line.contains(part))
                .toList();
    }

    @Test
    void everyProcessKnowsAllOthersAndTheWorkersEndFirst() throws Exception {
        start("--port", "7300", "--data", "my pictures", "--", "--device", "cpu");
        await(out(), "2 workers attend");
        String peers = "--peers 127.0.0.1:5701,127.0.0.1:5702,127.0.0.1:5703";
        assertEquals(3, noted(peers).size());
        assertEquals(
                1, noted("--name worker-2 --host 127.0.0.1 --cluster-port 5703").size());
        assertEquals(2, noted("--device cpu").size());
        assertTrue(Files.readString(out()).contains("submit --data my pictures"));
        assertTrue(Files.readString(out()).contains("--coordinator localhost:7300"));
        assertTrue(Files.exists(folder.resolve("worker-1.pid")));
        assertEquals(0, script("stop").waitFor());
        assertEquals(143, cluster.waitFor());
        List<String> ended = noted(" ended");
        assertEquals(3, ended.size());
        assertEquals("coordinator ended", ended.get(2));
        assertFalse(Files.exists(folder.resolve("worker-1.pid")));
        assertEquals(2, script("stop").waitFor());
    }

    @Test
    void workersTakeTheGpusOneAfterTheOther() throws Exception {
        Path bin = Files.createDirectory(temporary.resolve("bin"));
        Path smi = Files.writeString(bin.resolve("nvidia-smi"), """
                #!/bin/bash
                [[ "$1" == -L ]] || exit 1
                echo "GPU 0: NVIDIA H200 (UUID: GPU-1)"
                echo "GPU 1: NVIDIA H200 (UUID: GPU-2)"
                """);
        assertTrue(smi.toFile().setExecutable(true));
        environment.put("PATH", bin + ":" + System.getenv("PATH"));
        environment.put("PYTORCH_FLAVOR", "cu128");
        start();
        await(out(), "2 workers attend");
        assertEquals(
                1,
                noted("--name worker-1").stream()
                        .filter(line -> line.contains("--device=cuda:0"))
                        .count());
        assertEquals(
                1,
                noted("--name worker-2").stream()
                        .filter(line -> line.contains("--device=cuda:1"))
                        .count());
    }

    @Test
    void aWorkerThatAsksForItStartsAgainAndAKilledOneDoesNot() throws Exception {
        start();
        await(out(), "2 workers attend");
        Files.createFile(Path.of(notes + ".again"));
        await(out(), "worker-2 starts again");
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (noted("--name worker-2").size() < 2) {
            assertTrue(System.nanoTime() < deadline, "worker-2 never started again");
        }
        String pid = Files.readString(folder.resolve("worker-1.pid")).strip();
        ProcessHandle.of(Long.parseLong(pid)).orElseThrow().destroyForcibly();
        await(out(), "worker-1 ended with code 137; its log is");
        assertEquals(1, noted("--name worker-1").size());
        assertFalse(Files.readString(out()).contains("Killed"), "bash adds a line of its own");
    }

    @Test
    void aCoordinatorThatDoesNotStartEndsTheRest() throws Exception {
        Files.createFile(Path.of(notes + ".broken"));
        // Nobody attends: the script would wait.
        Path simreg = temporary.resolve("my scripts").resolve("simreg");
        Files.writeString(simreg, Files.readString(simreg).replace("echo HEADS", "exit 1"));
        start();
        assertEquals(1, cluster.waitFor());
        assertTrue(Files.readString(out()).contains("the coordinator did not start"));
        assertTrue(Files.readString(out()).contains("port taken"));
        assertFalse(Files.exists(folder.resolve("cluster.pid")));
    }

    @Test
    void aWrongNumberIsRefused() throws Exception {
        assertEquals(2, script("0").waitFor());
        assertEquals(2, script("3", "--port", "x").waitFor());
        assertEquals(2, script("3", "--prot", "7100").waitFor());
        assertTrue(Files.readString(out()).contains("'0' is no number from 1 to 64"));
        assertTrue(Files.readString(out()).contains("unknown option --prot"));
    }
}
