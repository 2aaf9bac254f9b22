package org.simreg.coordinator.grpc.search;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.simreg.coordinator.grpc.Calls;
import org.simreg.coordinator.grpc.GrpcStatuses;
import org.simreg.coordinator.grpc.LatestStream;
import org.simreg.coordinator.search.bank.BankService;
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
import org.simreg.worker.features.knn.KnnVote.VotingRule;

/** The gRPC service {@code Search}: banks and searches in them, for clients. */
public final class SearchRpc extends SearchGrpc.SearchImplBase {
    private final BankService banks;
    private final Executor search;
    private final Executor computing;
    private final Consumer<Duration> answered;
    private final SearchCalls calls;

    /**
     * @param search runs tasks one after the other on the banks' thread
     * @param computing runs what takes a while and waits for nothing
     * @param answered takes the time of each search that was answered; any thread
     */
    public SearchRpc(
            BankService banks, Executor search, Executor computing, Consumer<Duration> answered) {
        this.banks = banks;
        this.answered = answered;
        this.search = search;
        this.computing = computing;
        calls = new SearchCalls(banks, search, computing);
    }

    @Override
    public void createBank(CreateBankRequest request, StreamObserver<BankStatus> answer) {
        Calls.give(answer, search, () -> banks.create(request));
    }

    @Override
    public void listBanks(ListBanksRequest request, StreamObserver<ListBanksResponse> answer) {
        Calls.give(
                answer,
                search,
                () -> ListBanksResponse.newBuilder().addAllBanks(banks.list()).build());
    }

    @Override
    public void describeBank(DescribeBankRequest request, StreamObserver<BankStatus> answer) {
        Calls.give(answer, search, () -> banks.describe(request.getName()));
    }

    @Override
    public void watchBank(DescribeBankRequest request, StreamObserver<BankStatus> answer) {
        ServerCallStreamObserver<BankStatus> call = Calls.observed(answer);
        LatestStream<BankStatus> stream = new LatestStream<>(call, search);
        Calls.run(
                call,
                search,
                () -> {
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
        Calls.give(
                answer,
                search,
                () -> {
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
        return calls.ask(request, k)
                .whenComplete(
                        (answer, failure) -> {
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
            List<VotingRule> rules = ClassVotes.rules(request);
            int k = rules.stream().mapToInt(VotingRule::k).max().orElseThrow();
            verdicts =
                    ask(request.getQueries(), k)
                            .thenApply(found -> ClassVotes.response(found, rules));
        } catch (RuntimeException e) {
            verdicts = CompletableFuture.failedFuture(e);
        }
        answer(answer, verdicts);
    }

    private static <T> void answer(StreamObserver<T> answer, CompletableFuture<T> result) {
        ServerCallStreamObserver<T> call = Calls.observed(answer);
        result.whenComplete(
                (done, failure) -> {
                    if (failure == null) {
                        call.onNext(done);
                        call.onCompleted();
                    } else {
                        call.onError(GrpcStatuses.of(failure));
                    }
                });
    }
}
