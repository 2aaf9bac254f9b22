package org.simreg.coordinator.grpc.search;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Function;
import org.simreg.coordinator.grpc.GrpcStatuses;
import org.simreg.proto.SearchRequest;
import org.simreg.proto.SearchResponse;

/**
 * A stream of search requests with its answers, in their order. Some requests are under way at
 * once; more are taken as answers leave and the client reads them.
 */
final class SearchStream implements StreamObserver<SearchRequest> {
    private static final int UNDER_WAY = 8;

    private final ServerCallStreamObserver<SearchResponse> call;
    private final Executor computing;
    private final Function<SearchRequest, CompletableFuture<SearchResponse>> ask;

    // Guarded by this.
    private CompletableFuture<Void> last = CompletableFuture.completedFuture(null);
    private int owed;
    private boolean over;

    /** Made while the call's handlers can still be set: before its method returns. */
    SearchStream(
            ServerCallStreamObserver<SearchResponse> call,
            Executor computing,
            Function<SearchRequest, CompletableFuture<SearchResponse>> ask) {
        this.call = call;
        this.computing = computing;
        this.ask = ask;
        call.disableAutoRequest();
        call.setOnReadyHandler(this::takeMore);
        call.request(UNDER_WAY);
    }

    @Override
    public synchronized void onNext(SearchRequest request) {
        CompletableFuture<SearchResponse> answer = ask.apply(request);
        last = last.thenCombineAsync(
                answer,
                (before, found) -> {
                    send(found);
                    return null;
                },
                computing);
        last.exceptionally(this::fail);
    }

    private synchronized void send(SearchResponse found) {
        if (!over) {
            call.onNext(found);
            owed++;
            takeMore();
        }
    }

    private synchronized void takeMore() {
        // Over a network a call gets ready before there was an answer, and gRPC refuses to ask for no request at all.
        if (owed > 0 && call.isReady() && !over) {
            call.request(owed);
            owed = 0;
        }
    }

    private synchronized Void fail(Throwable failure) {
        if (!over) {
            over = true;
            call.onError(GrpcStatuses.of(failure));
        }
        return null;
    }

    @Override
    public synchronized void onError(Throwable gone) {
        over = true;
    }

    @Override
    public synchronized void onCompleted() {
        last.thenRunAsync(this::complete, computing).exceptionally(this::fail);
    }

    private synchronized void complete() {
        if (!over) {
            over = true;
            call.onCompleted();
        }
    }
}
