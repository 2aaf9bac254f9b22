package org.simreg.coordinator.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The scripts' help, and their answer to an option that they don't have. */
class ScriptHelpTest {
    @TempDir
    Path folder;

    static List<Path> scripts() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("..", "scripts"))) {
            List<Path> found = Stream.concat(files, Stream.of(Path.of("..", "k8s", "image", "build")))
                    .filter(file -> Files.isRegularFile(file) && !file.endsWith("simreg"))
                    .sorted()
                    .toList();
            assertTrue(found.size() > 5, found.toString());
            return found;
        }
    }

    @ParameterizedTest
    @MethodSource("scripts")
    void helpIsPrintedAndNothingElseIsDone(Path script) throws Exception {
        assertEquals(0, run(script, "--help"));
        assertTrue(text("out").contains(script.getFileName().toString()), text("out"));
        assertEquals("", text("err"));
    }

    @ParameterizedTest
    @MethodSource("scripts")
    void anUnknownOptionIsWrongUsage(Path script) throws Exception {
        assertEquals(2, run(script, "--nonsense"));
        assertFalse(text("out").contains("--nonsense"), text("out"));
    }

    /** The exit code of a script that is called in an empty folder, which it leaves empty. */
    private int run(Path script, String option) throws Exception {
        Path here = Files.createDirectory(folder.resolve("here"));
        Process process = new ProcessBuilder(script.toRealPath().toString(), option)
                .directory(here.toFile())
                .redirectOutput(folder.resolve("out").toFile())
                .redirectError(folder.resolve("err").toFile())
                .start();
        try {
            assertTrue(process.waitFor(30, TimeUnit.SECONDS), "it does something");
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
        assertEquals(0, here.toFile().list().length);
        return process.exitValue();
    }

    private String text(String name) throws IOException {
        return Files.readString(folder.resolve(name), StandardCharsets.UTF_8);
    }
}
