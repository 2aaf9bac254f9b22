package org.simreg.coordinator.grpc;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.Locale;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.simreg.coordinator.control.WorkerService;
import org.simreg.proto.Order;
import org.simreg.proto.Refused;
import org.simreg.proto.Report;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The stream of one worker: reports to the coordinator, orders to the worker. gRPC's signals are
 * handled on the coordinator's thread in their order, a bounded number at a time; all fields are
 * changed on that thread only. That a worker was heard is noted at once, whatever holds that thread up.
 */
final class WorkerStream implements StreamObserver<Report>, WorkerService.Out {
    private static final Logger LOG = LoggerFactory.getLogger(WorkerStream.class);

    /** Reports on their way to the coordinator's thread; the next ones wait at the worker. */
    private static final int IN_FLIGHT = 32;

    private final WorkerService workers;
    private final Executor coordinator;
    private final ServerCallStreamObserver<Order> call;
    private volatile WorkerService.In reports;
    private boolean over;

    WorkerStream(WorkerService workers, Executor coordinator, ServerCallStreamObserver<Order> call) {
        this.workers = workers;
        this.coordinator = coordinator;
        this.call = call;
        call.disableAutoRequest();
        call.request(IN_FLIGHT);
    }

    @Override
    public void onNext(Report report) {
        WorkerService.In known = reports;
        if (known != null) {
            known.heard();
        }
        post(() -> take(report));
    }

    @Override
    public void onError(Throwable broken) {
        post(() -> lose("the stream broke: " + broken.getMessage()));
    }

    @Override
    public void onCompleted() {
        post(() -> {
            if (lose("the worker closed its stream")) {
                call.onCompleted();
            }
        });
    }

    @Override
    public void send(Order order) {
        if (!over) {
            call.onNext(order);
        }
    }

    @Override
    public void end(Refused reason) {
        if (!over) {
            over = true;
            call.onError(GrpcStatuses.of(reason));
        }
    }

    private void take(Report report) {
        if (over) {
            return;
        }
        if (reports != null && !report.hasHello()) {
            reports.report(report);
        } else if (reports == null && report.hasHello()) {
            reports = workers.attend(report.getHello(), this);
        } else {
            String what = reports == null ? "begins with " : "holds a second ";
            String way = "; the first report, and only that, is hello";
            throw new Refused(Refused.Kind.INVALID, "The stream " + what + name(report) + way);
        }
        call.request(1);
    }

    /**
     * Ends the stream: nothing is sent or received any more.
     *
     * @return true if the stream was alive until now
     */
    private boolean lose(String reason) {
        boolean alive = !over;
        over = true;
        if (alive && reports != null) {
            reports.lost(reason);
        }
        return alive;
    }

    private void post(Runnable task) {
        try {
            coordinator.execute(() -> guarded(task));
        } catch (RejectedExecutionException e) {
            LOG.debug("A worker spoke while the coordinator was stopping", e);
            call.onError(GrpcStatuses.of(e));
        }
    }

    private void guarded(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException e) {
            if (lose("its report was refused: " + e.getMessage())) {
                call.onError(GrpcStatuses.of(e));
            }
        }
    }

    private static String name(Report report) {
        return report.getReportCase().name().toLowerCase(Locale.ROOT);
    }
}
