package org.simreg.coordinator.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The launcher {@code scripts/simreg} in a copy of the tree, with a Java and a Maven of echo. */
@Timeout(60)
class LauncherTest {
    private static final Path SCRIPT = Path.of("..", "scripts", "simreg");

    @TempDir
    Path folder;

    private Path clone;
    private Path launcher;
    private Path java;
    private Path bin;

    /** The output of a launch, and its exit code. */
    private record Launch(int code, List<String> out, String err) {}

    @BeforeEach
    void aCloneInAFolderWithASpace() throws IOException {
        clone = folder.resolve("my clone");
        launcher = clone.resolve("scripts").resolve("simreg");
        Files.createDirectories(launcher.getParent());
        Files.copy(SCRIPT, launcher);
        java = folder.resolve("a jdk");
        program(
                java.resolve("bin").resolve("java"),
                "printf '%s\\n' \"$@\" \"malloc $GLIBC_TUNABLES\" \"locale $LC_ALL\"");
        bin = folder.resolve("bin");
        program(
                bin.resolve("mvn"),
                "echo \"$PWD $*\" >>maven.log; mkdir -p coordinator/target/simreg/lib",
                "echo noise; touch coordinator/target/simreg/lib/simreg.jar");
        version("17.0.15");
    }

    private static void program(Path file, String... lines) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, "#!/bin/bash\n" + String.join("\n", lines) + "\n");
        assertTrue(file.toFile().setExecutable(true));
    }

    private void version(String version) throws IOException {
        Files.writeString(java.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
    }

    private void built() throws IOException {
        Path lib = clone.resolve("coordinator/target/simreg/lib");
        Files.createDirectories(lib);
        Files.writeString(lib.resolve("simreg.jar"), "");
    }

    private Launch launch(Map<String, String> environment, Path script, String... args)
            throws IOException, InterruptedException {
        List<String> command =
                Stream.concat(Stream.of(script.toString()), Stream.of(args)).toList();
        Path err = folder.resolve("err.txt");
        ProcessBuilder process = new ProcessBuilder(command).redirectError(err.toFile());
        process.directory(folder.toFile());
        process.environment().clear();
        process.environment().put("PATH", bin + ":/usr/local/bin:/usr/bin:/bin");
        process.environment().put("JAVA_HOME", java.toString());
        process.environment().putAll(environment);
        Process running = process.start();
        String out = new String(running.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Launch(running.waitFor(), out.lines().toList(), Files.readString(err));
    }

    @Test
    void argumentsArriveAsTheyWereGiven() throws Exception {
        built();
        Launch launch = launch(Map.of(), launcher, "distill", "--data", "a b*", "");
        assertEquals(0, launch.code, launch.err);
        assertEquals("", launch.err);
        int main = launch.out.indexOf("org.simreg.coordinator.cli.Simreg");
        String jar = clone.toRealPath()
                .resolve("coordinator/target/simreg/lib/simreg.jar")
                .toString();
        assertEquals(List.of("-cp", jar), launch.out.subList(main - 2, main));
        assertEquals(List.of("distill", "--data", "a b*", ""), launch.out.subList(main + 1, main + 5));
        assertTrue(
                launch.out.contains("malloc glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=1073741824"
                        + ":glibc.malloc.trim_threshold=1073741824:glibc.malloc.arena_max=1"),
                launch.out::toString);
        assertTrue(launch.out.contains("locale C.UTF-8"));
        assertFalse(launch.out.contains("-XX:+ExitOnOutOfMemoryError"));
        assertTrue(launch.out.stream().anyMatch(o -> o.matches("-Xmx\\d+m")), "" + launch.out);
        assertFalse(launch.out.contains("--sun-misc-unsafe-memory-access=allow"));
    }

    @Test
    void aSymbolicLinkLeadsHome() throws Exception {
        built();
        Path link = Files.createSymbolicLink(folder.resolve("sim reg"), launcher);
        Launch launch = launch(Map.of(), Files.createSymbolicLink(folder.resolve("l"), link));
        assertEquals(0, launch.code, launch.err);
    }

    @Test
    void whatTheUserSetIsKept() throws Exception {
        built();
        Map<String, String> environment = Map.of(
                "GLIBC_TUNABLES", "glibc.malloc.hugetlb=0",
                "LANG", "de_DE.UTF-8",
                "SIMREG_JAVA_OPTS", "-Xmx3g -Dx=y");
        Launch launch = launch(environment, launcher);
        assertTrue(launch.out.contains("malloc glibc.malloc.hugetlb=0"));
        assertTrue(launch.out.contains("locale "));
        assertTrue(launch.out.indexOf("-Xmx3g") > launch.out.indexOf("-XX:+UseParallelGC"));
        assertTrue(launch.out.contains("-Dx=y"));
    }

    @Test
    void theFirstUseBuildsOnceAndSaysSo() throws Exception {
        Launch first = launch(Map.of(), launcher, "--version");
        assertEquals(0, first.code, first.err);
        assertEquals("simreg: building, on first use only; this takes a minute or more.\n", first.err);
        assertFalse(first.out.contains("noise"));
        assertEquals("", launch(Map.of(), launcher, "--version").err);
        Path log = clone.resolve("maven.log");
        assertEquals(1, Files.readAllLines(log).size());
        assertTrue(Files.readString(log).startsWith(clone.toRealPath() + " -q -B "));
        launch(Map.of("SIMREG_BUILD", "1"), launcher, "--version");
        assertEquals(2, Files.readAllLines(log).size());
    }

    @Test
    void newerSourcesAreMentioned() throws Exception {
        built();
        Path source = clone.resolve("worker/src/main/java/A.java");
        Files.createDirectories(source.getParent());
        Files.writeString(source, "");
        Path jar = clone.resolve("coordinator/target/simreg/lib/simreg.jar");
        Files.setLastModifiedTime(jar, FileTime.fromMillis(0));
        Launch launch = launch(Map.of(), launcher);
        assertEquals(0, launch.code);
        assertTrue(launch.err.contains("SIMREG_BUILD=1"), launch.err);
    }

    @Test
    void aFailedBuildShowsItsMessages() throws Exception {
        program(bin.resolve("mvn"), "echo 'no compiler here'; exit 1");
        Launch launch = launch(Map.of(), launcher);
        assertEquals(1, launch.code);
        assertTrue(launch.err.contains("no compiler here\nsimreg: the build failed"), launch.err);
    }

    @Test
    void anOldJavaIsRefusedWithTheWayOut() throws Exception {
        built();
        for (String old : new String[] {"1.8.0_292", "11.0.2"}) {
            version(old);
            Launch launch = launch(Map.of(), launcher);
            assertEquals(1, launch.code);
            assertTrue(launch.err.contains("install Java 17 or newer"), launch.err);
            assertEquals(1, launch.err.lines().count());
        }
    }

    @Test
    void aNewJavaGetsThePermissionsItAsksFor() throws Exception {
        built();
        version("25.0.3");
        Launch launch = launch(Map.of(), launcher);
        assertTrue(launch.out.contains("--enable-native-access=ALL-UNNAMED"));
        assertTrue(launch.out.contains("--sun-misc-unsafe-memory-access=allow"));
    }

    @Test
    void aJavaWithoutAReleaseFileIsAsked() throws Exception {
        built();
        Files.delete(java.resolve("release"));
        program(
                java.resolve("bin").resolve("java"),
                "[[ $1 == -version ]] && echo 'openjdk version \"21.0.1\" 2023' >&2 || echo ran");
        assertEquals(List.of("ran"), launch(Map.of(), launcher).out);
    }

    @Test
    void aWrongJavaHomeIsNamed() throws Exception {
        Launch launch = launch(Map.of("JAVA_HOME", "/nowhere"), launcher);
        assertEquals(1, launch.code);
        assertTrue(launch.err.startsWith("simreg: JAVA_HOME is /nowhere"), launch.err);
    }

    @Test
    void anInstalledCopyNeedsNoMaven() throws Exception {
        Path installed = folder.resolve("opt/simreg");
        Files.createDirectories(installed.resolve("bin"));
        Files.createDirectories(installed.resolve("lib"));
        Files.copy(SCRIPT, installed.resolve("bin/simreg"));
        Files.writeString(installed.resolve("lib/simreg.jar"), "");
        Launch launch = launch(Map.of(), installed.resolve("bin/simreg"));
        assertEquals(0, launch.code, launch.err);
        assertTrue(launch.out.contains(installed.toRealPath() + "/lib/simreg.jar"));
        assertFalse(Files.exists(folder.resolve("maven.log")));
    }

    /** A machine of 64 GiB for the launcher, with this process in these control groups. */
    private Map<String, String> machine(String groups, Map<String, String> files) throws IOException {
        Path system = Files.createTempDirectory(folder, "system");
        Files.createDirectories(system.resolve("proc/self"));
        Files.writeString(system.resolve("proc/meminfo"), "MemTotal:       67108864 kB\n");
        Files.writeString(system.resolve("proc/self/cgroup"), groups);
        for (Map.Entry<String, String> file : files.entrySet()) {
            Path at = system.resolve("sys/fs/cgroup").resolve(file.getKey());
            Files.createDirectories(at.getParent());
            Files.writeString(at, file.getValue() + "\n");
        }
        return Map.of("SIMREG_SYSTEM", system.toString());
    }

    private List<String> budget(Map<String, String> machine, String command) throws Exception {
        built();
        Launch launch = launch(machine, launcher, command);
        assertEquals(0, launch.code, launch.err);
        return launch.out.stream()
                .filter(o -> o.startsWith("-Xmx") || o.startsWith("-XX:MaxDirect"))
                .toList();
    }

    @Test
    void theMachinesMemoryIsDividedWhereNothingLimitsIt() throws Exception {
        Map<String, String> free = machine("0::/\n", Map.of("memory.max", "max"));
        assertEquals(List.of("-Xmx16384m", "-XX:MaxDirectMemorySize=4096m"), budget(free, "worker"));
    }

    @Test
    void aContainersLimitIsDividedInEitherVersionOfControlGroups() throws Exception {
        String eight = "" + (8L << 30);
        List<String> worker = List.of("-Xmx2048m", "-XX:MaxDirectMemorySize=1024m");
        List<String> coordinator = List.of("-Xmx4096m", "-XX:MaxDirectMemorySize=1024m");
        Map<String, String> second = machine("0::/\n", Map.of("memory.max", eight));
        assertEquals(worker, budget(second, "worker"));
        assertEquals(coordinator, budget(second, "coordinator"));
        String groups = "12:pids:/a\n5:cpu,memory:/a\n0::/a\n";
        Map<String, String> first = machine(groups, Map.of("memory/memory.limit_in_bytes", eight));
        assertEquals(worker, budget(first, "worker"));
    }

    @Test
    void aWorkerWhoseMemoryIsLimitedHasItsHeapFromTheStart() throws Exception {
        Map<String, String> free = machine("0::/\n", Map.of("memory.max", "max"));
        Map<String, String> eight = machine("0::/\n", Map.of("memory.max", "" + (8L << 30)));
        assertEquals(List.of("-Xms2048m", "-XX:+AlwaysPreTouch"), fromTheStart(eight, "worker"));
        assertEquals(List.of(), fromTheStart(eight, "coordinator"));
        assertEquals(List.of(), fromTheStart(eight, "distill"));
        assertEquals(List.of(), fromTheStart(free, "worker"));
        Map<String, String> own = new HashMap<>(eight);
        own.put("SIMREG_JAVA_OPTS", "-Dx=y -Xmx1g");
        assertEquals(List.of(), fromTheStart(own, "worker"), "more than the heap may have");
    }

    private List<String> fromTheStart(Map<String, String> machine, String command) throws Exception {
        built();
        return launch(machine, launcher, command).out.stream()
                .filter(o -> o.startsWith("-Xms") || o.contains("PreTouch"))
                .toList();
    }

    @Test
    void onlyProcessesThatAreStartedAgainEndWhenTheHeapIsFull() throws Exception {
        built();
        for (String command : List.of("coordinator", "worker")) {
            assertTrue(launch(Map.of(), launcher, command).out.contains("-XX:+ExitOnOutOfMemoryError"), command);
        }
        assertFalse(launch(Map.of(), launcher, "embed").out.contains("-XX:+ExitOnOutOfMemoryError"));
    }

    @Test
    void theTightestLimitAboveHolds() throws Exception {
        Map<String, String> nested = machine(
                "0::/pods/pod 7/box\n",
                Map.of(
                        "pods/memory.max", "" + (32L << 30),
                        "pods/pod 7/memory.max", "" + (4L << 30),
                        "pods/pod 7/box/memory.max", "max"));
        assertEquals(List.of("-Xmx1024m", "-XX:MaxDirectMemorySize=512m"), budget(nested, "worker"));
    }

    @Test
    void aTightContainerKeepsHalfForWhatIsNoHeap() throws Exception {
        Map<String, String> tight = machine("0::/\n", Map.of("memory.max", "" + (400L << 20)));
        assertEquals(List.of("-Xmx200m", "-XX:MaxDirectMemorySize=64m"), budget(tight, "worker"));
    }

    @Test
    void unpackedLibrariesAreTakenFromAnImage() throws Exception {
        built();
        Path image = clone.resolve("coordinator/target/simreg/native");
        assertFalse(launch(Map.of(), launcher).out.toString().contains("pathsFirst"));
        Files.createDirectories(image);
        List<String> out = launch(Map.of(), launcher).out;
        assertTrue(out.contains("-Djava.library.path=" + image.toRealPath()), "" + out);
        assertTrue(out.contains("-Dorg.bytedeco.javacpp.pathsFirst=true"), "" + out);
    }
}
