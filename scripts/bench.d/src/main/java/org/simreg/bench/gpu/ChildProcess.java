package org.simreg.bench.gpu;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Another process of the check: this JVM's Java, options and class path. */
final class ChildProcess {
    private ChildProcess() {}

    /**
     * Starts a part of the check; its errors go to this process' own.
     *
     * @param part that {@link GpuCheck} is told to run
     */
    static Process start(String part, Object... arguments) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), GpuCheck.class.getName()));
        command.add("--part=" + part);
        for (Object argument : arguments) {
            command.add(argument.toString());
        }
        return new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }
}
