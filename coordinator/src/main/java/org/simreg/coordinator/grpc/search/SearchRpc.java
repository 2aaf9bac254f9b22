package org.simreg.coordinator.grpc.search;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.simreg.coordinator.grpc.Calls;
import org.simreg.coordinator.grpc.GrpcStatuses;
import org.simreg.coordinator.grpc.LatestStream;
import org.simreg.coordinator.search.bank.BankService;
import org.simreg.coordinator.search.bank.BankView;
import org.simreg.proto.BankStatus;
import org.simreg.proto.ClassifyRequest;
import org.simreg.proto.ClassifyResponse;
import org.simreg.proto.CreateBankRequest;
import org.simreg.proto.DeleteBankRequest;
import org.simreg.proto.DeleteBankResponse;
import org.simreg.proto.DescribeBankRequest;
import org.simreg.proto.ListBanksRequest;
import org.simreg.proto.ListBanksResponse;
import org.simreg.proto.Refused;
import org.simreg.proto.SearchGrpc;
import org.simreg.proto.SearchRequest;
import org.simreg.proto.SearchResponse;
import org.simreg.proto.VoteRule;
import org.simreg.worker.features.knn.KnnVote;
import org.simreg.worker.features.knn.KnnVote.VotingRule;
import org.simreg.worker.features.search.TopK;

/**
 * The gRPC service {@code Search}: banks and searches in them, for clients. {@link #search} goes on in {@link
 * SearchCalls#search}.
 */
public final class SearchRpc extends SearchGrpc.SearchImplBase {
    private final BankService banks;
    private final Executor banksThread;
    private final Executor computing;
    private final Consumer<Duration> answered;
    private final SearchCalls calls;

    /**
     * @param banksThread runs tasks one after the other on the banks' thread, {@code simreg-banks}
     * @param computing runs what takes a while and waits for nothing
     * @param answered takes the time of each search that was answered; any thread
     */
    public SearchRpc(BankService banks, Executor banksThread, Executor computing, Consumer<Duration> answered) {
        this.banks = banks;
        this.answered = answered;
        this.banksThread = banksThread;
        this.computing = computing;
        calls = new SearchCalls(banks, banksThread, computing);
    }

    @Override
    public void createBank(CreateBankRequest request, StreamObserver<BankStatus> answer) {
        answer(answer, SearchCalls.onThread(banksThread, () -> banks.create(request)));
    }

    @Override
    public void listBanks(ListBanksRequest request, StreamObserver<ListBanksResponse> answer) {
        Calls.give(
                answer,
                banksThread,
                () -> ListBanksResponse.newBuilder().addAllBanks(banks.list()).build());
    }

    @Override
    public void describeBank(DescribeBankRequest request, StreamObserver<BankStatus> answer) {
        Calls.give(answer, banksThread, () -> banks.describe(request.getName()));
    }

    @Override
    public void watchBank(DescribeBankRequest request, StreamObserver<BankStatus> answer) {
        ServerCallStreamObserver<BankStatus> call = Calls.observed(answer);
        LatestStream<BankStatus> stream = new LatestStream<>(call, banksThread);
        Calls.run(call, banksThread, () -> {
            Runnable watch = banks.watch(request.getName(), status -> send(stream, status));
            stream.begin(watch::run);
        });
    }

    /** A bank is watched until it is made. */
    private static void send(LatestStream<BankStatus> stream, Optional<BankStatus> status) {
        if (status.isEmpty()) {
            stream.fail(new Refused(Refused.Kind.UNKNOWN, "The bank was deleted meanwhile"));
        } else if (status.get().getState() == BankStatus.State.CREATING) {
            stream.put(status.get());
        } else {
            stream.last(status.get());
        }
    }

    @Override
    public void deleteBank(DeleteBankRequest request, StreamObserver<DeleteBankResponse> answer) {
        Calls.give(answer, banksThread, () -> {
            banks.delete(request.getName());
            return DeleteBankResponse.getDefaultInstance();
        });
    }

    @Override
    public void search(SearchRequest request, StreamObserver<SearchResponse> answer) {
        answer(answer, find(request));
    }

    /** Answers one request, or fails with its status; any thread. */
    public CompletableFuture<SearchResponse> find(SearchRequest request) {
        return ask(request, SearchQueries.k(request)).thenApply(SearchCalls.Answer::response);
    }

    /** The neighbours of a request; {@link #answered} gets the time that they took. */
    private CompletableFuture<SearchCalls.Answer> ask(SearchRequest request, int k) {
        long begun = System.nanoTime();
        return calls.search(request, k).whenComplete((answer, failure) -> {
            if (failure == null) {
                answered.accept(Duration.ofNanos(System.nanoTime() - begun));
            }
        });
    }

    @Override
    public StreamObserver<SearchRequest> searchStream(StreamObserver<SearchResponse> answers) {
        ServerCallStreamObserver<SearchResponse> call = Calls.observed(answers);
        return new SearchStream(call, computing, this::find);
    }

    @Override
    public void classify(ClassifyRequest request, StreamObserver<ClassifyResponse> answer) {
        CompletableFuture<ClassifyResponse> verdicts;
        try {
            Optional<BankView> bank = banks.view(request.getQueries().getBank());
            List<VotingRule> rules = ClassVotes.rules(request, bank);
            int k = rules.stream().mapToInt(VotingRule::k).max().orElseThrow();
            verdicts = ask(request.getQueries(), k).thenApply(found -> ClassVotes.response(found, request, rules));
        } catch (RuntimeException e) {
            verdicts = CompletableFuture.failedFuture(e);
        }
        answer(answer, verdicts);
    }

    private static <T> void answer(StreamObserver<T> answer, CompletableFuture<T> result) {
        ServerCallStreamObserver<T> call = Calls.observed(answer);
        result.whenComplete((done, failure) -> {
            if (failure == null) {
                call.onNext(done);
                call.onCompleted();
            } else {
                call.onError(GrpcStatuses.of(failure));
            }
        });
    }

    /**
     * The classes of queries by votes of their neighbours, as the RPC {@code Classify} gives them.
     */
    private static final class ClassVotes {
        private static final int MOST_RULES = 8;

        private ClassVotes() {}

        /**
         * The rules that were asked for, or the published ones; all rows of a small bank vote.
         *
         * @param bank that is asked; without one the request fails later
         * @throws io.grpc.StatusRuntimeException if one is wrong
         */
        static List<VotingRule> rules(ClassifyRequest request, Optional<BankView> bank) {
            if (request.getRulesCount() > MOST_RULES) {
                throw GrpcStatuses.invalid(
                        "rules", request.getRulesCount() + " are too many; give at most " + MOST_RULES);
            }
            if (request.getRulesCount() == 0) {
                return bank.filter(BankView::ready)
                        .map(ready -> VotingRule.PUBLISHED.stream()
                                .map(rule -> rule.within(ready.record().getRows()))
                                .toList())
                        .orElse(VotingRule.PUBLISHED);
            }
            List<VotingRule> rules = new ArrayList<>();
            for (int i = 0; i < request.getRulesCount(); i++) {
                rules.add(rule(request.getRules(i), "rules[" + i + "]", bank));
            }
            return rules;
        }

        private static VotingRule rule(VoteRule asked, String field, Optional<BankView> bank) {
            int k = bank.filter(BankView::ready)
                    .map(ready -> SearchQueries.within(ready, field + ".k", asked.getK()))
                    .orElse(1);
            if (asked.hasTemperature() && !(asked.getTemperature() > 0)) {
                String bounds = " is out of bounds; choose a temperature above 0";
                throw GrpcStatuses.invalid(field + ".temperature", asked.getTemperature() + bounds);
            }
            return asked.hasTemperature() ? new VotingRule(k, asked.getTemperature()) : VotingRule.majority(k);
        }

        /**
         * @throws Refused if the bank has no classes
         */
        static ClassifyResponse response(SearchCalls.Answer answer, ClassifyRequest request, List<VotingRule> rules) {
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
            for (int i = 0; i < request.getRulesCount(); i++) {
                SearchQueries.note(
                                bank, "rules[" + i + "].k", request.getRules(i).getK())
                        .ifPresent(response::addNotes);
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
}
