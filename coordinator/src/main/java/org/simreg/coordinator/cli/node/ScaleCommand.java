package org.simreg.coordinator.cli.node;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import java.util.List;
import org.simreg.coordinator.cli.option.CoordinatorOptions;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.coordinator.view.console.JobTables;
import org.simreg.proto.GetScaleRequest;
import org.simreg.proto.ScaleStatus;
import org.simreg.proto.SetScaleRequest;
import org.simreg.proto.UserError;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command {@code simreg scale}: shows how many workers are wanted, and sets the bounds. */
@Command(
        name = "scale",
        description = "Show how many workers the jobs could use, and why; with MIN and MAX, or one of the"
                + " options, set the bounds of that number, which outlive the coordinator.",
        parameterListHeading = "%n",
        footer = {
            "",
            "Who starts and stops the workers obeys this number: KEDA, a script, or you.",
            "",
            "Examples:",
            "  simreg scale 0 8",
            "  simreg scale --json"
        })
public final class ScaleCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Mixin
    private CoordinatorOptions coordinator;

    @Parameters(
            paramLabel = "MIN MAX",
            arity = "0..2",
            hideParamSyntax = true,
            description = "Least and most workers, each 0 to 4096 (default: no change)")
    private List<Integer> both = List.of();

    @Option(
            names = "--min",
            paramLabel = "N",
            description = "Workers wanted even if there is no job, 0 to 4096 (default: no change)")
    private Integer min;

    @Option(names = "--max", paramLabel = "N", description = "Workers wanted at most, 0 to 4096 (default: no change)")
    private Integer max;

    @Option(names = "--reset", description = "Back to the bounds that the coordinator was started with (default: no)")
    private boolean reset;

    @Option(names = "--json", description = "Print one line of JSON, for programs (default: a sentence)")
    private boolean json;

    @Override
    public void run() {
        SetScaleRequest change = change();
        boolean changes = !change.equals(SetScaleRequest.getDefaultInstance());
        try (ApiClient client = coordinator.open()) {
            GetScaleRequest current = GetScaleRequest.getDefaultInstance();
            ScaleStatus status = client.askScale(scale -> changes ? scale.set(change) : scale.get(current));
            spec.commandLine().getOut().println(json ? line(status) : JobTables.scale(status));
        }
    }

    private SetScaleRequest change() {
        boolean single = min != null || max != null;
        if (both.size() == 1 || !both.isEmpty() && single || reset && (single || !both.isEmpty())) {
            throw new ParameterException(
                    spec.commandLine(), "Give MIN and MAX, or --min and --max, or --reset: one of the three");
        }
        SetScaleRequest.Builder change = SetScaleRequest.newBuilder().setReset(reset);
        if (both.size() == 2) {
            change.setMin(checked("MIN", both.get(0))).setMax(checked("MAX", both.get(1)));
        }
        if (min != null) {
            change.setMin(checked("--min", min));
        }
        if (max != null) {
            change.setMax(checked("--max", max));
        }
        return change.build();
    }

    private int checked(String what, int workers) {
        if (workers < 0) {
            throw new ParameterException(
                    spec.commandLine(), what + ": " + workers + " is out of bounds; choose 0 to 4096");
        }
        return workers;
    }

    private static String line(ScaleStatus status) {
        try {
            return JsonFormat.printer()
                    .alwaysPrintFieldsWithNoPresence()
                    .omittingInsignificantWhitespace()
                    .print(status);
        } catch (InvalidProtocolBufferException e) {
            throw new UserError("The coordinator's answer can't be read: " + e.getMessage(), e);
        }
    }
}
