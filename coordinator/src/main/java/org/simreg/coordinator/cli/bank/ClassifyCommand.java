package org.simreg.coordinator.cli.bank;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import org.simreg.coordinator.cli.option.BankOptions;
import org.simreg.coordinator.view.console.NeighborText;
import org.simreg.proto.ClassifyRequest;
import org.simreg.proto.ClassifyResponse;
import org.simreg.proto.VoteRule;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command {@code simreg classify}: the classes that the nearest rows of a bank vote for. */
@Command(
        name = "classify",
        description = "Classify by the votes of the nearest rows of a bank.",
        customSynopsis = {
            "simreg classify NAME IMAGE... [OPTIONS]",
            "       simreg classify NAME --vectors=FILE [OPTIONS]"
        },
        footer = {
            "",
            "Without --rule: majority of 1 and 20 (SimReg), weighted 20 with T 0.07 (DINO),"
                    + " weighted 200 with T 0.1 and 0.2.",
            "",
            "Example:",
            "  simreg classify photos cat.jpg --rule 1 --rule 20:0.07"
        })
public final class ClassifyCommand implements Callable<Integer> {
    private static final int MOST_VOTERS = 200;

    @Spec
    private CommandSpec spec;

    @Mixin
    private QueryArguments queries;

    @Option(
            names = "--rule",
            paramLabel = "K[:T]",
            description =
                    "Neighbours that vote, 1 to 1024, all rows of a smaller bank, one vote each; with T above 0 each has"
                            + " exp(cosine / T) votes; up to 8 rules (default: see below)")
    private List<String> rules = List.of();

    @Mixin
    private BankOptions banks;

    @Override
    public Integer call() {
        List<VoteRule> asked = rules.stream().map(this::rule).toList();
        int most = asked.stream().mapToInt(VoteRule::getK).max().orElse(MOST_VOTERS);
        List<QueryArguments.Part> parts = queries.parts(most);
        PrintWriter out = spec.commandLine().getOut();
        List<String> names = new ArrayList<>();
        Set<String> notes = new LinkedHashSet<>();
        ClassifyResponse.Builder all = ClassifyResponse.newBuilder();
        try (BankOptions.Access access = banks.open(true)) {
            for (QueryArguments.Part part : parts) {
                ClassifyRequest request = ClassifyRequest.newBuilder()
                        .setQueries(part.request())
                        .addAllRules(asked)
                        .build();
                ClassifyResponse verdicts =
                        access.client().search(access.patience(), search -> search.classify(request));
                notes.addAll(verdicts.getNotesList());
                names.addAll(part.names());
                all.addAllVerdicts(verdicts.getVerdictsList());
                all.clearRules().addAllRules(verdicts.getRulesList());
            }
        }
        out.print(queries.json() ? NeighborText.json(names, all.build()) : NeighborText.table(names, all.build()));
        out.flush();
        notes.forEach(note -> spec.commandLine().getErr().println(note));
        spec.commandLine().getErr().flush();
        return 0;
    }

    private VoteRule rule(String text) {
        if (!text.matches("\\d{1,4}(:\\d*\\.?\\d+)?")) {
            String what = "--rule: '" + text + "' is no rule; write K or K:T, as 20 or 20:0.07";
            throw new ParameterException(spec.commandLine(), what);
        }
        String[] parts = text.split(":");
        VoteRule.Builder rule = VoteRule.newBuilder().setK(Integer.parseInt(parts[0]));
        return (parts.length > 1 ? rule.setTemperature(Double.parseDouble(parts[1])) : rule).build();
    }
}
