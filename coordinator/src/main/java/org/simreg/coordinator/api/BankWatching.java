package org.simreg.coordinator.api;

import io.grpc.stub.ServerCallStreamObserver;
import java.util.Optional;
import java.util.concurrent.Executor;
import org.simreg.proto.BankStatus;
import org.simreg.proto.Refused;

/**
 * One client that watches a bank, until it is made. A client that reads slowly gets the newest
 * status when it is ready again. All of it is touched on the search thread only.
 */
final class BankWatching {
    private final ServerCallStreamObserver<BankStatus> call;
    private final Executor search;
    private Optional<BankStatus> missed = Optional.empty();
    private Runnable watch = () -> {};
    private boolean over;

    /** Made while the call's handlers can still be set: before its method returns. */
    BankWatching(ServerCallStreamObserver<BankStatus> call, Executor search) {
        this.call = call;
        this.search = search;
        call.setOnReadyHandler(() -> search.execute(this::catchUp));
        call.setOnCancelHandler(() -> search.execute(this::end));
    }

    void begin(BankDesk desk, String name) {
        Answers.run(
                call,
                search,
                () -> {
                    watch = desk.watch(name, this::take);
                    if (over) {
                        watch.run();
                    }
                });
    }

    private void take(Optional<BankStatus> status) {
        if (over) {
            return;
        }
        if (status.isEmpty()) {
            call.onError(
                    Statuses.of(
                            new Refused(Refused.Kind.UNKNOWN, "The bank was deleted meanwhile")));
            end();
        } else if (call.isReady() || status.get().getState() != BankStatus.State.CREATING) {
            give(status.get());
        } else {
            missed = status;
        }
    }

    private void give(BankStatus status) {
        missed = Optional.empty();
        call.onNext(status);
        if (status.getState() != BankStatus.State.CREATING) {
            call.onCompleted();
            end();
        }
    }

    private void catchUp() {
        if (!over) {
            missed.ifPresent(this::give);
        }
    }

    private void end() {
        over = true;
        watch.run();
    }
}
