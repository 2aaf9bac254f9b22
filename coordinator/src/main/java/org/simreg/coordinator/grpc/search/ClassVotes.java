package org.simreg.coordinator.grpc.search;

import java.util.ArrayList;
import java.util.List;
import org.simreg.coordinator.grpc.GrpcStatuses;
import org.simreg.coordinator.search.bank.BankView;
import org.simreg.proto.ClassifyRequest;
import org.simreg.proto.ClassifyResponse;
import org.simreg.proto.Refused;
import org.simreg.proto.VoteRule;
import org.simreg.worker.features.knn.KnnVote;
import org.simreg.worker.features.knn.KnnVote.VotingRule;
import org.simreg.worker.features.search.Shard;
import org.simreg.worker.features.search.TopK;

/** The classes of queries by votes of their neighbours, as the RPC {@code Classify} gives them. */
final class ClassVotes {
    private static final int MOST_RULES = 8;

    private ClassVotes() {}

    /**
     * The rules that were asked for, or the published ones.
     *
     * @throws io.grpc.StatusRuntimeException if one is wrong
     */
    static List<VotingRule> rules(ClassifyRequest request) {
        if (request.getRulesCount() > MOST_RULES) {
            throw GrpcStatuses.invalid(
                    "rules", request.getRulesCount() + " are too many; give at most " + MOST_RULES);
        }
        if (request.getRulesCount() == 0) {
            return VotingRule.PUBLISHED;
        }
        List<VotingRule> rules = new ArrayList<>();
        for (int i = 0; i < request.getRulesCount(); i++) {
            rules.add(rule(request.getRules(i), "rules[" + i + "]"));
        }
        return rules;
    }

    private static VotingRule rule(VoteRule asked, String field) {
        if (asked.getK() < 1 || asked.getK() > Shard.MAX_K) {
            String bounds = " is out of bounds; choose 1 to " + Shard.MAX_K;
            throw GrpcStatuses.invalid(field + ".k", asked.getK() + bounds);
        }
        if (asked.hasTemperature() && !(asked.getTemperature() > 0)) {
            String bounds = " is out of bounds; choose a temperature above 0";
            throw GrpcStatuses.invalid(field + ".temperature", asked.getTemperature() + bounds);
        }
        return asked.hasTemperature()
                ? new VotingRule(asked.getK(), asked.getTemperature())
                : VotingRule.majority(asked.getK());
    }

    /**
     * @throws Refused if the bank has no classes
     */
    static ClassifyResponse response(SearchCalls.Answer answer, List<VotingRule> rules) {
        BankView bank = answer.queries().bank();
        if (bank.record().getClassesCount() == 0) {
            throw new Refused(
                    Refused.Kind.STATE,
                    "The bank %s has no classes, so it can't classify; make it of a labelled data set, or of features with labels"
                            .formatted(bank.record().getName()));
        }
        TopK found = answer.neighbors();
        KnnVote vote = new KnnVote(found, bank.record().getRows());
        ClassifyResponse.Builder response =
                ClassifyResponse.newBuilder().setVersion(bank.record().getVersion());
        for (int query = 0; query < found.queries(); query++) {
            response.addVerdictsBuilder();
        }
        for (VotingRule rule : rules) {
            response.addRules(message(rule));
            int[] classes = vote.classes(rule);
            for (int query = 0; query < classes.length; query++) {
                response.getVerdictsBuilder(query).addLabels(bank.label(classes[query]));
            }
        }
        return response.build();
    }

    private static VoteRule message(VotingRule rule) {
        VoteRule.Builder message = VoteRule.newBuilder().setK(rule.k());
        return (rule.weighted() ? message.setTemperature(rule.temperature()) : message).build();
    }
}
