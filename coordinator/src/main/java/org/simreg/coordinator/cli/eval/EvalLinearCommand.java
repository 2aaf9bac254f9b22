package org.simreg.coordinator.cli.eval;

import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.ToIntFunction;
import org.simreg.coordinator.cli.option.GlobalOptions;
import org.simreg.proto.UserError;
import org.simreg.worker.features.probe.LinearProbe;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command {@code simreg eval linear}: a linear probe on frozen features. */
@Command(
        name = "linear",
        description = "Train a linear probe on frozen features, as SimReg evaluates: unit length,"
                + " standardised, one linear layer, SGD.",
        customSynopsis = "simreg eval linear --data=DIR --weights=FILE [OPTIONS]",
        footer = {
            "",
            "Example:",
            "  simreg eval linear --data photos --weights student.safetensors --lr" + " 0.003,0.01,0.03,0.1"
        })
final class EvalLinearCommand implements Callable<Integer> {
    static final int MOST = 100_000;

    private final GlobalOptions global;
    private final ToIntFunction<EvalRequest> run;

    @Spec
    private CommandSpec spec;

    @Mixin
    private EvalOptions options;

    @Option(
            names = "--lr",
            paramLabel = "RATE",
            split = ",",
            defaultValue = "0.01",
            description = "Learning rates, separated by commas: a probe for each, all in one pass" + " (default: 0.01)")
    private List<Double> rates;

    @Option(
            names = "--epochs",
            paramLabel = "N",
            defaultValue = "40",
            description = "Passes over the train images (default: 40)")
    private int epochs;

    @Option(
            names = "--drops",
            paramLabel = "N",
            split = ",",
            defaultValue = "15,30",
            description = "Epochs after which the learning rate is divided by 10 (default: 15,30)")
    private List<Integer> drops;

    @Option(names = "--batch", paramLabel = "N", defaultValue = "256", description = "Images of a step (default: 256)")
    private int batch;

    @Option(
            names = "--augment",
            description = "Train on fresh crops and flips of every epoch, computed anew, instead of on"
                    + " centre crops (default: false)")
    private boolean augment;

    EvalLinearCommand(GlobalOptions global, ToIntFunction<EvalRequest> run) {
        this.global = global;
        this.run = run;
    }

    @Override
    public Integer call() {
        EvalRequest request;
        try {
            check("--epochs", epochs, MOST);
            check("--batch", batch, 65536);
            rates.forEach(EvalLinearCommand::checkRate);
            EvalRequest plain = options.request(task(0), false, global.quiet());
            request = plain.withTask(task(plain.images().seed()));
        } catch (UserError e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
        return run.applyAsInt(request);
    }

    private EvalRequest.Task task(long seed) {
        return new EvalRequest.Linear(new LinearProbe.Settings(rates, epochs, batch, drops, seed), augment);
    }

    static void check(String option, int value, int most) {
        if (value < 1 || value > most) {
            throw new UserError("%s: %d is out of bounds; choose 1 to %d".formatted(option, value, most));
        }
    }

    static void checkRate(double rate) {
        if (!(rate > 0 && rate <= 1000)) {
            throw new UserError("--lr: " + rate + " is out of bounds; choose above 0, at most 1000");
        }
    }
}
