package org.simreg.coordinator.cli.eval;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.ToIntFunction;
import org.simreg.coordinator.cli.option.GlobalOptions;
import org.simreg.proto.UserError;
import org.simreg.worker.features.knn.KnnVote.VotingRule;
import org.simreg.worker.features.knn.NearestNeighbors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command {@code simreg eval knn}: k-NN accuracy of val images against train images. */
@Command(
        name = "knn",
        description = "Measure exact k-NN accuracy, val against train: the rules that published figures"
                + " were made with, or your own.",
        customSynopsis = "simreg eval knn --data=DIR --weights=FILE [OPTIONS]",
        footer = {
            "",
            "Without --k, --vote and --temperature: majority of 1 and 20 (SimReg), weighted 20 with"
                    + " T 0.07 (DINO), weighted 200 with T 0.1 and 0.2.",
            "",
            "Example:",
            "  simreg eval knn --data photos --weights runs/resnet18-photos"
        })
final class EvalKnnCommand implements Callable<Integer> {
    private static final double DINO = 0.07;

    private final GlobalOptions global;
    private final ToIntFunction<EvalRequest> run;

    @Spec
    private CommandSpec spec;

    @Mixin
    private EvalOptions options;

    @Option(
            names = "--k",
            paramLabel = "N",
            split = ",",
            description = "Numbers of neighbours that vote, separated by commas, 1 to "
                    + NearestNeighbors.MAX_K
                    + " (default: see below)")
    private int[] k;

    @Option(
            names = "--vote",
            paramLabel = "RULE",
            description = "majority, one vote each; or weighted, exp(cosine / T) each (default: majority)")
    private Vote vote;

    @Option(names = "--temperature", paramLabel = "T", description = "T of the weighted vote, above 0 (default: 0.07)")
    private Double temperature;

    /** The neighbours' votes: one each, or by similarity. */
    private enum Vote {
        MAJORITY,
        WEIGHTED
    }

    EvalKnnCommand(GlobalOptions global, ToIntFunction<EvalRequest> run) {
        this.global = global;
        this.run = run;
    }

    @Override
    public Integer call() {
        EvalRequest request;
        try {
            request = options.request(new EvalRequest.Knn(rules()), false, global.quiet());
        } catch (UserError e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
        return run.applyAsInt(request);
    }

    private List<VotingRule> rules() {
        if (k == null && vote == null && temperature == null) {
            return VotingRule.PUBLISHED;
        }
        boolean weighted = vote == Vote.WEIGHTED;
        if (temperature != null && !weighted) {
            throw new UserError("--temperature has no effect on a majority; add --vote weighted");
        }
        double t = temperature == null ? DINO : temperature;
        if (!(t > 0 && t < Double.POSITIVE_INFINITY)) {
            throw new UserError("--temperature: " + t + " is out of bounds; choose one above 0");
        }
        int[] counts = k == null ? new int[] {1, 20} : k;
        for (int votes : counts) {
            if (votes < 1 || votes > NearestNeighbors.MAX_K) {
                throw new UserError(
                        "--k: %d is out of bounds; choose 1 to %d".formatted(votes, NearestNeighbors.MAX_K));
            }
        }
        return Arrays.stream(counts)
                .mapToObj(votes -> weighted ? new VotingRule(votes, t) : VotingRule.majority(votes))
                .toList();
    }
}
