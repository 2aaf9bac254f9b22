package org.simreg.coordinator.grpc.search;

import io.grpc.Status;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.simreg.coordinator.grpc.GrpcStatuses;
import org.simreg.coordinator.search.bank.BankService;
import org.simreg.coordinator.search.bank.BankView;
import org.simreg.coordinator.search.query.VectorQuery;
import org.simreg.proto.Found;
import org.simreg.proto.SearchRequest;
import org.simreg.proto.SearchResponse;
import org.simreg.worker.features.search.TopK;

/**
 * Calls for neighbours: the images of a request become vectors, vectors neighbours, neighbours an
 * answer.
 */
final class SearchCalls {
    private final BankService banks;
    private final Executor banksThread;
    private final Executor computing;

    /**
     * @param banksThread runs tasks on the banks' thread
     * @param computing runs what takes a while and waits for nothing
     */
    SearchCalls(BankService banks, Executor banksThread, Executor computing) {
        this.banks = banks;
        this.banksThread = banksThread;
        this.computing = computing;
    }

    /**
     * The neighbours that were found for a request.
     *
     * @param queries as they were checked
     * @param neighbors (Q, k)
     */
    record Answer(SearchQueries queries, TopK neighbors) {
        /** The message, with the names that the bank has for the neighbours. */
        SearchResponse response() {
            BankView bank = queries.bank();
            boolean named = !queries.request().getIdsOnly();
            SearchResponse.Builder response = SearchResponse.newBuilder()
                    .setVersion(bank.record().getVersion())
                    .setTag(queries.request().getTag());
            if (queries.request().hasK()) {
                SearchQueries.note(bank, "k", queries.request().getK()).ifPresent(response::addNotes);
            }
            for (int query = 0; query < neighbors.queries(); query++) {
                Found.Builder one = response.addFoundBuilder();
                for (int rank = 0; rank < neighbors.k(); rank++) {
                    Found.Hit.Builder hit = one.addHitsBuilder()
                            .setId(neighbors.id(query, rank))
                            .setCosine(neighbors.cosine(query, rank));
                    if (named) {
                        hit.setLabel(bank.label(neighbors.label(query, rank)));
                        bank.names().ifPresent(names -> hit.setFile(names.of(hit.getId())));
                    }
                }
            }
            return response.build();
        }
    }

    /** Answers a request; the result comes on a computing thread. */
    CompletableFuture<Answer> search(SearchRequest request, int k) {
        SearchQueries queries;
        try {
            queries = SearchQueries.of(banks, request, k);
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
        CompletableFuture<VectorQuery> query = queries.ofImages()
                ? onThread(banksThread, () -> banks.embed(queries.images(), queries.until()))
                        .thenApplyAsync(made -> queries.query(made.getVectors()), computing)
                : CompletableFuture.supplyAsync(queries::query, computing);
        return query.thenCompose(asked -> onThread(banksThread, () -> banks.search(request.getBank(), asked)))
                .thenApplyAsync(found -> new Answer(queries, found), computing)
                .exceptionally(failure -> late(queries, failure));
    }

    /** After the caller's deadline that is the reason, whatever failed because of it. */
    private static Answer late(SearchQueries queries, Throwable failure) {
        if (System.nanoTime() - queries.until() >= 0 && !(GrpcStatuses.isCallersFault(failure))) {
            throw Status.DEADLINE_EXCEEDED
                    .withDescription("The bank %s didn't answer in time: %s"
                            .formatted(queries.request().getBank(), failure.getMessage()))
                    .asRuntimeException();
        }
        throw GrpcStatuses.of(failure);
    }

    /** Runs a task on a thread, and gives what it promises there. */
    static <T> CompletableFuture<T> onThread(Executor banksThread, Supplier<CompletionStage<T>> task) {
        CompletableFuture<T> result = new CompletableFuture<>();
        banksThread.execute(() -> {
            try {
                task.get().whenComplete((done, failure) -> {
                    if (failure == null) {
                        result.complete(done);
                    } else {
                        result.completeExceptionally(failure);
                    }
                });
            } catch (RuntimeException e) {
                result.completeExceptionally(e);
            }
        });
        return result;
    }
}
