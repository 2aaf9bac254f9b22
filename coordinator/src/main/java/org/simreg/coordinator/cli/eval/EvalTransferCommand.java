package org.simreg.coordinator.cli.eval;

import java.util.concurrent.Callable;
import java.util.function.ToIntFunction;
import org.simreg.coordinator.cli.option.GlobalOptions;
import org.simreg.proto.UserError;
import org.simreg.worker.features.probe.PenaltySearch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The command {@code simreg eval transfer}: logistic regression on frozen features, for several
 * data sets.
 */
@Command(
        name = "transfer",
        description = "Fit L2-regularised logistic regression on frozen features of each data set, its"
                + " penalty chosen on a held-out part of train.",
        customSynopsis = "simreg eval transfer --data=DIR [--data=DIR]... --weights=FILE [OPTIONS]",
        footer = {"", "Example:", "  simreg eval transfer --data flowers --data pets --weights runs/resnet18-photos"})
final class EvalTransferCommand implements Callable<Integer> {
    private final GlobalOptions global;
    private final ToIntFunction<EvalRequest> run;

    @Spec
    private CommandSpec spec;

    @Mixin
    private EvalOptions options;

    @Option(
            names = "--penalties",
            paramLabel = "N",
            defaultValue = "45",
            description = "Penalties that are tried, spaced evenly in their logarithms from 1e5 down to"
                    + " 1e-6 (default: 45)")
    private int penalties;

    @Option(
            names = "--held-out",
            paramLabel = "PART",
            defaultValue = "0.2",
            description = "Part of each class's train images that the penalty is chosen on (default:" + " 0.2)")
    private double heldOut;

    EvalTransferCommand(GlobalOptions global, ToIntFunction<EvalRequest> run) {
        this.global = global;
        this.run = run;
    }

    @Override
    public Integer call() {
        EvalRequest request;
        try {
            check();
            EvalRequest plain = options.request(task(0), true, global.quiet());
            request = plain.withTask(task(plain.images().seed()));
        } catch (UserError e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
        return run.applyAsInt(request);
    }

    private void check() {
        if (penalties < 1 || penalties > 1000) {
            throw new UserError("--penalties: " + penalties + " is out of bounds; choose 1 to 1000");
        }
        if (!(heldOut > 0 && heldOut < 1)) {
            throw new UserError("--held-out: " + heldOut + " is out of bounds; choose between 0 and 1");
        }
    }

    private EvalRequest.Task task(long seed) {
        PenaltySearch.Settings published = PenaltySearch.Settings.published(seed);
        return new EvalRequest.Transfer(
                new PenaltySearch.Settings(penalties, published.least(), published.most(), heldOut, seed));
    }
}
