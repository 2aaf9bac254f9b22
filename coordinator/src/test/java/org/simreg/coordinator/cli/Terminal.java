package org.simreg.coordinator.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToIntFunction;

/** Runs the command in this JVM and keeps what it printed and what it asked for. */
final class Terminal {
    final List<DistillRequest> distilled = new ArrayList<>();
    final List<ExportRequest> exported = new ArrayList<>();
    final List<EvalRequest> evaluated = new ArrayList<>();
    final List<CoordinatorRequest> coordinators = new ArrayList<>();
    final List<WorkerRequest> workers = new ArrayList<>();
    final Stop stop = new Stop();
    String out = "";
    String err = "";

    /** Runs a command whose actions succeed and only remember what they were asked. */
    int run(String... args) {
        return run(request -> 0, args);
    }

    /** Runs a command whose distillation ends as given. */
    int run(ToIntFunction<DistillRequest> distill, String... args) {
        StringWriter outText = new StringWriter();
        StringWriter errText = new StringWriter();
        Actions actions =
                new Actions(
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
                        request -> {
                            coordinators.add(request);
                            return 0;
                        },
                        request -> {
                            workers.add(request);
                            return 0;
                        },
                        stop);
        int code = Simreg.run(actions, new PrintWriter(outText), new PrintWriter(errText), args);
        out = outText.toString();
        err = errText.toString();
        return code;
    }
}
