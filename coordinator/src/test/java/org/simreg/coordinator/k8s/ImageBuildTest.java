package org.simreg.coordinator.k8s;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The image's build for either architecture; the builder on PATH only says what it was asked. */
class ImageBuildTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

    @TempDir
    Path folder;

    private String build(int code, String... arguments) throws IOException, InterruptedException {
        Path bin = Files.createDirectories(folder.resolve("bin"));
        script(bin.resolve("buildah"), "echo \"$*\"");
        script(bin.resolve("uname"), "echo x86_64");
        script(bin.resolve("git"), "echo abc1234");
        List<String> command =
                new ArrayList<>(List.of("bash", ROOT.resolve("k8s/image/build").toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("PATH", bin + ":" + System.getenv("PATH"));
        Process process = builder.start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(code, process.waitFor(), said);
        return said.strip();
    }

    private static void script(Path file, String line) throws IOException {
        Files.writeString(file, "#!/bin/sh\n" + line + "\n");
        assertTrue(file.toFile().setExecutable(true));
    }

    private static String asked(String tag, String more) {
        return "build --format docker -f %s -t %s%s --build-arg COMMIT=abc1234 %s"
                .formatted(ROOT.resolve("k8s/image/Dockerfile"), tag, more, ROOT);
    }

    @Test
    void theArchitectureIsTheBuildersPlatform() throws IOException, InterruptedException {
        assertEquals(asked("simreg:0.1.0", ""), build(0));
        assertEquals(asked("simreg:0.1.0", ""), build(0, "--arch", "amd64"));
        assertEquals(asked("simreg:0.1.0-arm64", " --platform linux/arm64"), build(0, "--arch", "arm64"));
        assertEquals(
                asked("x:1", " --platform linux/arm64 -q"), build(0, "--arch", "arm64", "--tag", "x:1", "--", "-q"));
    }

    @Test
    void whatNoLibrariesExistForIsRefused() throws IOException, InterruptedException {
        assertTrue(build(2, "--arch", "riscv64").contains("choose amd64 or arm64"));
        assertTrue(build(2, "--arch", "arm64", "--cuda").contains("for CUDA on amd64 alone"));
    }

    @Test
    void theImagesNativesAreThoseOfThePomsProfiles() throws IOException {
        String pom = Files.readString(ROOT.resolve("pom.xml"));
        String image = Files.readString(ROOT.resolve("k8s/image/Dockerfile"));
        List<String> natives = Pattern.compile("<native.platform>(linux-\\w+)</native.platform>")
                .matcher(pom)
                .results()
                .map(found -> found.group(1))
                .toList();
        assertEquals(List.of("linux-x86_64", "linux-aarch64"), natives);
        natives.forEach(each -> assertTrue(image.contains("native=" + each + " "), each));
        assertTrue(pom.contains("<id>linux-aarch64</id>") && image.contains("profile=linux-aarch64 "));
    }
}
