package org.simreg.coordinator.api;

import java.util.ArrayList;
import java.util.List;
import org.simreg.proto.ClassifyRequest;
import org.simreg.proto.ClassifyResponse;
import org.simreg.worker.evaluate.KnnVote;
import org.simreg.worker.evaluate.Neighbors;
import org.simreg.worker.evaluate.VoteRule;
import org.simreg.worker.search.Shard;
import org.simreg.worker.search.TopK;

/** The votes of neighbours on the classes of queries. */
final class Verdicts {
    private static final int MOST_RULES = 8;

    private Verdicts() {}

    /**
     * The rules that were asked for, or the published ones.
     *
     * @throws io.grpc.StatusRuntimeException if one is wrong
     */
    static List<VoteRule> rules(ClassifyRequest request) {
        if (request.getRulesCount() > MOST_RULES) {
            throw Statuses.invalid(
                    "rules", request.getRulesCount() + " are too many; give at most " + MOST_RULES);
        }
        if (request.getRulesCount() == 0) {
            return VoteRule.PUBLISHED;
        }
        List<VoteRule> rules = new ArrayList<>();
        for (int i = 0; i < request.getRulesCount(); i++) {
            rules.add(rule(request.getRules(i), "rules[" + i + "]"));
        }
        return rules;
    }

    private static VoteRule rule(org.simreg.proto.VoteRule asked, String field) {
        if (asked.getK() < 1 || asked.getK() > Shard.MAX_K) {
            String bounds = " is out of bounds; choose 1 to " + Shard.MAX_K;
            throw Statuses.invalid(field + ".k", asked.getK() + bounds);
        }
        if (asked.hasTemperature() && !(asked.getTemperature() > 0)) {
            String bounds = " is out of bounds; choose a temperature above 0";
            throw Statuses.invalid(field + ".temperature", asked.getTemperature() + bounds);
        }
        return asked.hasTemperature()
                ? new VoteRule(asked.getK(), asked.getTemperature())
                : VoteRule.majority(asked.getK());
    }

    /**
     * @throws Refused if the bank has no classes
     */
    static ClassifyResponse response(SearchCalls.Answer answer, List<VoteRule> rules) {
        BankView bank = answer.queries().bank();
        if (bank.record().getClassesCount() == 0) {
            throw new Refused(
                    Refused.Kind.STATE,
                    "The bank %s has no classes, so it can't classify; make it of a labelled data set, or of features with labels"
                            .formatted(bank.record().getName()));
        }
        TopK found = answer.neighbors();
        boolean whole = found.k() == bank.record().getRows();
        // The vote looks at labels and cosines only.
        Neighbors neighbors =
                new Neighbors(
                        found.queries(),
                        found.k(),
                        whole,
                        new int[0],
                        found.labels(),
                        found.cosines());
        ClassifyResponse.Builder response =
                ClassifyResponse.newBuilder().setVersion(bank.record().getVersion());
        for (int query = 0; query < found.queries(); query++) {
            response.addVerdictsBuilder();
        }
        for (VoteRule rule : rules) {
            response.addRules(message(rule));
            int[] classes = KnnVote.classes(neighbors, rule);
            for (int query = 0; query < classes.length; query++) {
                response.getVerdictsBuilder(query).addLabels(bank.label(classes[query]));
            }
        }
        return response.build();
    }

    private static org.simreg.proto.VoteRule message(VoteRule rule) {
        var message = org.simreg.proto.VoteRule.newBuilder().setK(rule.k());
        return (rule.weighted() ? message.setTemperature(rule.temperature()) : message).build();
    }
}
