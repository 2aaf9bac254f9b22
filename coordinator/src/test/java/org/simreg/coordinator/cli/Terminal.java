package org.simreg.coordinator.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToIntFunction;
import org.simreg.coordinator.cli.eval.EvalRequest;
import org.simreg.coordinator.cli.eval.ExportCommand;
import org.simreg.coordinator.cli.job.EmbeddedRun;
import org.simreg.coordinator.cli.node.ClusterProcess;
import org.simreg.coordinator.cli.option.StopSignal;

/** The command {@code simreg} run in this JVM; its output and the actions it starts are kept. */
public final class Terminal {
    public final List<EmbeddedRun.Settings> distilled = new ArrayList<>();
    final List<ExportCommand.Settings> exported = new ArrayList<>();
    public final List<EvalRequest> evaluated = new ArrayList<>();
    public final List<ClusterProcess.CoordinatorProcess> coordinators = new ArrayList<>();
    public final List<ClusterProcess.WorkerProcess> workers = new ArrayList<>();
    final StopSignal stop = new StopSignal();
    public String out = "";
    public String err = "";

    /** Runs a command whose actions succeed and only remember what they were asked. */
    public int run(String... args) {
        return run(request -> 0, args);
    }

    /** Runs a command whose distillation ends as given. */
    int run(ToIntFunction<EmbeddedRun.Settings> distill, String... args) {
        StringWriter outText = new StringWriter();
        StringWriter errText = new StringWriter();
        Simreg.Actions actions = new Simreg.Actions(
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
