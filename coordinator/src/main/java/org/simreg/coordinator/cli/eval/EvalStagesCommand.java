package org.simreg.coordinator.cli.eval;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.ToIntFunction;
import org.simreg.coordinator.cli.option.GlobalOptions;
import org.simreg.proto.UserError;
import org.simreg.worker.features.knn.KnnVote.VotingRule;
import org.simreg.worker.features.probe.LinearProbe;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The command {@code simreg eval stages}: accuracy at every stage of a backbone and layer of its
 * head.
 */
@Command(
        name = "stages",
        description = "Measure k-NN accuracy at every stage of the backbone and after every layer of the"
                + " head that the file holds, by one pass over the images.",
        customSynopsis = "simreg eval stages --data=DIR --weights=FILE [OPTIONS]",
        footer = {
            "",
            "A stage's feature is the mean over height and width. The head is built from the file's"
                    + " own keys and shapes; an export holds none, a run's checkpoint does.",
            "",
            "Example:",
            "  simreg eval stages --data photos --weights runs/resnet18-photos --linear"
        })
final class EvalStagesCommand implements Callable<Integer> {
    private static final List<VotingRule> RULES = List.of(VotingRule.majority(1), VotingRule.majority(20));

    private final GlobalOptions global;
    private final ToIntFunction<EvalRequest> run;

    @Spec
    private CommandSpec spec;

    @Mixin
    private EvalOptions options;

    @Option(
            names = "--layers",
            paramLabel = "NAME",
            split = ",",
            description = "Only these, separated by commas: stem, layer1 .. layer4 (ResNets), stage1 .."
                    + " stage7, last (MobileNet-v2), head.1, .. (default: all)")
    private List<String> layers = List.of();

    @Option(
            names = "--linear",
            description = "Train a linear probe at each of them too, on centre crops, as simreg eval"
                    + " linear does (default: false)")
    private boolean linear;

    @Option(
            names = "--lr",
            paramLabel = "RATE",
            split = ",",
            description = "Learning rates of the probes, separated by commas; the best one counts" + " (default: 0.01)")
    private List<Double> rates;

    @Option(names = "--epochs", paramLabel = "N", description = "Epochs of the probes, at least 1 (default: 40)")
    private Integer epochs;

    EvalStagesCommand(GlobalOptions global, ToIntFunction<EvalRequest> run) {
        this.global = global;
        this.run = run;
    }

    @Override
    public Integer call() {
        EvalRequest request;
        try {
            if (!linear && (rates != null || epochs != null)) {
                throw new UserError("--lr and --epochs have no effect without --linear; add it");
            }
            EvalRequest plain =
                    options.request(new EvalRequest.Stages(RULES, Optional.empty(), layers), false, global.quiet());
            request = linear ? plain.withTask(task(plain.images().seed())) : plain;
        } catch (UserError e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
        return run.applyAsInt(request);
    }

    private EvalRequest.Task task(long seed) {
        List<Double> asked = rates == null ? List.of(0.01) : rates;
        asked.forEach(EvalLinearCommand::checkRate);
        int passes = epochs == null ? 40 : epochs;
        EvalLinearCommand.check("--epochs", passes, EvalLinearCommand.MOST);
        LinearProbe.Settings probe = new LinearProbe.Settings(asked, passes, 256, List.of(15, 30), seed);
        return new EvalRequest.Stages(RULES, Optional.of(probe), layers);
    }
}
