package org.simreg.coordinator.store;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A process in which no file can grow beyond a few kilobytes: the operating system writes what has
 * room, in the middle of a record too, and then fails, as on a full disk.
 */
public final class SmallDisk {
    private SmallDisk() {}

    /**
     * Runs a class there.
     *
     * @param kilobytes that a file can have at most
     * @return what it says, line by line
     */
    public static List<String> run(int kilobytes, Class<?> main, Path folder) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add("sh");
        command.add("-c");
        command.add("ulimit -f %d; exec \"$@\"".formatted(2 * kilobytes));
        command.add("sh");
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-XX:-UsePerfData");
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.add(main.getName());
        command.add(folder.toString());
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedReader said = process.inputReader()) {
            List<String> lines = said.lines().toList();
            int code = process.waitFor();
            if (code != 0) {
                throw new IllegalStateException(main + " ended with " + code + ": " + lines);
            }
            return lines;
        } finally {
            process.destroyForcibly();
        }
    }
}
