package org.simreg.coordinator.api;

import io.grpc.Status;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.simreg.proto.SearchRequest;
import org.simreg.worker.search.TopK;

/** Requests on their way through the desk: images become vectors, vectors neighbours. */
final class Asking {
    private final BankDesk desk;
    private final Executor search;
    private final Executor computing;

    /**
     * @param search runs tasks on the desk's thread
     * @param computing runs what takes a while and waits for nothing
     */
    Asking(BankDesk desk, Executor search, Executor computing) {
        this.desk = desk;
        this.search = search;
        this.computing = computing;
    }

    /**
     * What was asked and what was found.
     *
     * @param queries as they were checked
     * @param neighbors (Q, k)
     */
    record Answer(Queries queries, TopK neighbors) {}

    /** Asks; the result comes on a computing thread. */
    CompletableFuture<Answer> ask(SearchRequest request, int k) {
        Queries queries;
        try {
            queries = Queries.of(desk, request, k);
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
        CompletableFuture<BankDesk.Question> question =
                queries.ofImages()
                        ? on(() -> desk.embed(queries.images(), queries.until()))
                                .thenApplyAsync(
                                        made -> queries.question(made.getVectors()), computing)
                        : CompletableFuture.supplyAsync(queries::question, computing);
        return question.thenCompose(asked -> on(() -> desk.ask(request.getBank(), asked)))
                .thenApplyAsync(found -> new Answer(queries, found), computing)
                .exceptionally(failure -> late(queries, failure));
    }

    /** A deadline that has passed is the caller's own reason, whatever failed of it. */
    private static Answer late(Queries queries, Throwable failure) {
        if (System.nanoTime() - queries.until() >= 0 && !(Statuses.isCallersFault(failure))) {
            throw Status.DEADLINE_EXCEEDED
                    .withDescription(
                            "The bank %s didn't answer in time: %s"
                                    .formatted(queries.request().getBank(), failure.getMessage()))
                    .asRuntimeException();
        }
        throw Statuses.of(failure);
    }

    private <T> CompletableFuture<T> on(Supplier<CompletionStage<T>> task) {
        CompletableFuture<T> result = new CompletableFuture<>();
        search.execute(
                () -> {
                    try {
                        task.get()
                                .whenComplete(
                                        (done, failure) -> {
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
