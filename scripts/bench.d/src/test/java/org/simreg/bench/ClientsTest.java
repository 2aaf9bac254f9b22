package org.simreg.bench;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.cli.Command;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.coordinator.grpc.client.JobFinder;

/** The clients of docs/clients against a coordinator and a worker; each trains the same two steps. */
@Tag("processes")
@Timeout(240)
class ClientsTest {
    private static final Pattern END =
            Pattern.compile("\\n\\d+ state\\nSUCCEEDED all 2 steps are done [0-9a-f]{64}\\s");
    private static final Path ROOT = Path.of("..", "..").toAbsolutePath().normalize();
    private static final Path PROTO = ROOT.resolve("proto/src/main/proto");
    private static final Path CLIENTS = ROOT.resolve("docs/clients");

    @TempDir(cleanup = CleanupMode.ON_SUCCESS)
    Path folder;

    @Test
    @EnabledIfSystemProperty(named = "simreg.test.python", matches = ".+")
    void python() throws IOException, InterruptedException {
        String python = System.getProperty("simreg.test.python");
        Path stubs = Files.createDirectories(folder.resolve("stubs"));
        List<String> protoc = new ArrayList<>(List.of(
                python,
                "-m",
                "grpc_tools.protoc",
                "-I" + PROTO,
                "--python_out=" + stubs,
                "--grpc_python_out=" + stubs));
        try (Stream<Path> files = Files.list(PROTO.resolve("simreg/v1"))) {
            files.map(Path::toString).sorted().forEach(protoc::add);
        }
        said(protoc, Map.of());
        trains(List.of(python, CLIENTS.resolve("submit.py").toString()), Map.of("PYTHONPATH", stubs.toString()));
    }

    @Test
    @EnabledIfSystemProperty(named = "simreg.test.node", matches = ".+")
    void node() throws IOException, InterruptedException {
        // Node looks for packages beside the script.
        Path script = Path.of(System.getProperty("simreg.test.node"), "submit-test.mjs");
        Files.copy(CLIENTS.resolve("submit.mjs"), script);
        try {
            trains(List.of("node", script.toString(), PROTO.toString()), Map.of());
        } finally {
            Files.delete(script);
        }
    }

    private void trains(List<String> client, Map<String, String> environment) throws IOException, InterruptedException {
        try (Processes processes = new Processes(folder, List.of("a"), Command.compilation())) {
            processes.coordinator();
            processes.worker("a");
            try (ApiClient ours = processes.client()) {
                // It waits until the coordinator answers.
                JobFinder.newest(ours, List.of(), 1);
            }
            List<String> command = new ArrayList<>(client);
            Path run = folder.resolve("run");
            command.addAll(List.of(
                    processes.address().toString(),
                    ROOT.resolve("scripts/sample").toString(),
                    "self",
                    run.toString()));
            String said = said(command, environment);
            assertTrue(END.matcher(said).find(), said);
            String first = said(command, environment, 1);
            assertTrue(first.contains("ALREADY_EXISTS") || first.contains("6 "), first);
        }
    }

    private static String said(List<String> command, Map<String, String> environment)
            throws IOException, InterruptedException {
        return said(command, environment, 0);
    }

    private static String said(List<String> command, Map<String, String> environment, int code)
            throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().putAll(environment);
        Process process = builder.start();
        String said = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertEquals(code, process.waitFor(), said);
        return said;
    }
}
