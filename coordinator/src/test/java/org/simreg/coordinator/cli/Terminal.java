package org.simreg.coordinator.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToIntFunction;

/** The command in this JVM, whose output and actions are kept. */
final class Terminal {
    final List<EmbeddedRun.Settings> distilled = new ArrayList<>();
    final List<ExportCommand.Settings> exported = new ArrayList<>();
    final List<EvalRequest> evaluated = new ArrayList<>();
    final List<ClusterProcess.CoordinatorProcess> coordinators = new ArrayList<>();
    final List<ClusterProcess.WorkerProcess> workers = new ArrayList<>();
    final Stop stop = new Stop();
    String out = "";
    String err = "";

    /** Runs a command whose actions succeed and only remember what they were asked. */
    int run(String... args) {
        return run(request -> 0, args);
    }

    /** Runs a command whose distillation ends as given. */
    int run(ToIntFunction<EmbeddedRun.Settings> distill, String... args) {
        StringWriter outText = new StringWriter();
        StringWriter errText = new StringWriter();
        Simreg.Actions actions =
                new Simreg.Actions(
                        request -> {
                            distilled.add(request);
                            return distill.applyAsInt(request);
                        },
                        request -> {
                            exported.add(request);
                            return 0;
                        },
                        request -> {
                            evaluated.add(request);
                            return 0;
                        },
                        this::remember,
                        stop);
        int code = Simreg.run(actions, new PrintWriter(outText), new PrintWriter(errText), args);
        out = outText.toString();
        err = errText.toString();
        return code;
    }

    private int remember(ClusterProcess process) {
        if (process instanceof ClusterProcess.CoordinatorProcess coordinator) {
            coordinators.add(coordinator);
        } else if (process instanceof ClusterProcess.WorkerProcess worker) {
            workers.add(worker);
        }
        return 0;
    }
}
