package org.simreg.coordinator.cli.node;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.simreg.coordinator.cli.option.StopSignal;
import org.simreg.coordinator.node.WorkerNode;
import org.simreg.coordinator.view.observe.ProcessLog;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.NamedThreads;

/**
 * The workers of one machine, each a process of its own for one device: libtorch's flags and its memory are a
 * process', and a broken GPU ends its own alone. A worker that asks for another start (exit code 75) or was killed is
 * started again; one that ended otherwise is not.
 *
 * @param workers what each is started with, the arguments behind {@code simreg}
 * @param leaveWithin after the signal to stop all are gone, whatever they have left undone
 */
record DeviceWorkers(List<List<String>> workers, Duration leaveWithin) implements ClusterProcess {
    /** Exit codes from here on are those of signals. */
    private static final int KILLED = 128;

    private static final String MAIN = "org.simreg.coordinator.cli.Simreg";
    private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(1);

    @Override
    public int run(StopSignal stop) {
        List<Keeper> keepers = workers.stream()
                .map(arguments -> new Keeper(command(arguments)))
                .toList();
        stop.patience(leaveWithin);
        stop.whenRequested("The workers of all devices leave.", () -> keepers.forEach(Keeper::leave));
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < keepers.size(); i++) {
            threads.add(NamedThreads.thread("worker-" + i, keepers.get(i)));
        }
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new UserError("The wait for the workers was interrupted", e);
            }
        }
        return keepers.stream().mapToInt(keeper -> keeper.code).max().orElse(0);
    }

    /** This process' own command line with other arguments. */
    private static List<String> command(List<String> arguments) {
        List<String> command = new ArrayList<>(List.of(System.getProperty("java.home") + "/bin/java"));
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), MAIN));
        command.addAll(arguments);
        return command;
    }

    /** What keeps one worker running until all shall leave, or it ends by itself. */
    private static final class Keeper implements Runnable {
        private final List<String> command;
        private final CountDownLatch leaving = new CountDownLatch(1);
        private Process process;
        private int code;

        Keeper(List<String> command) {
            this.command = command;
        }

        @Override
        public void run() {
            Duration pause = FIRST_PAUSE;
            code = ended();
            while (again() && !pauses(pause)) {
                pause = longer(pause);
                code = ended();
            }
            ProcessLog.say("The worker `%s` has ended with code %d".formatted(shown(), code));
        }

        private boolean again() {
            return code == WorkerNode.AGAIN || code > KILLED;
        }

        private static Duration longer(Duration pause) {
            return pause.compareTo(LONGEST_PAUSE) < 0 ? pause.multipliedBy(2) : pause;
        }

        /** Waits before another start; true if there shall be none. */
        private boolean pauses(Duration pause) {
            try {
                return leaving.await(pause.toMillis(), TimeUnit.MILLISECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return true;
            }
        }

        private int ended() {
            try {
                return started().waitFor();
            } catch (IOException e) {
                ProcessLog.say("The worker `%s` can't be started: %s".formatted(shown(), e.getMessage()));
                return 1;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return code;
            }
        }

        private synchronized Process started() throws IOException {
            process = new ProcessBuilder(command).inheritIO().start();
            if (leaving.getCount() == 0) {
                process.destroy();
            }
            return process;
        }

        private synchronized void leave() {
            leaving.countDown();
            if (process != null) {
                process.destroy();
            }
        }

        private String shown() {
            return String.join(" ", command.subList(command.indexOf(MAIN) + 1, command.size()));
        }
    }
}
