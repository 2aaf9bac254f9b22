package org.simreg.worker.member.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.StreamObserver;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.simreg.proto.Hello;
import org.simreg.proto.Job;
import org.simreg.proto.Order;
import org.simreg.proto.Prepare;
import org.simreg.proto.Report;
import org.simreg.proto.Welcome;
import org.simreg.proto.WorkersGrpc;
import org.simreg.worker.base.concurrent.Abandoned;
import org.simreg.worker.base.io.Notices;
import org.simreg.worker.train.LoadedJob;

/** What a worker that only helps does when it is to hold other teachers. */
@Timeout(60)
class CoordinatorConnectionTest {
    private final BlockingQueue<String> events = new LinkedBlockingQueue<>();

    /** A coordinator of one worker. */
    private static final class Coordinator extends WorkersGrpc.WorkersImplBase {
        private final CompletableFuture<StreamObserver<Order>> orders = new CompletableFuture<>();

        @Override
        public StreamObserver<Report> attend(StreamObserver<Order> worker) {
            worker.onNext(Order.newBuilder()
                    .setWelcome(Welcome.newBuilder().setHeartbeatMs(1000).setLostAfterMs(10_000))
                    .build());
            orders.complete(worker);
            return new StreamObserver<>() {
                @Override
                public void onNext(Report report) {
                    // What the worker does is seen in what it loads.
                }

                @Override
                public void onError(Throwable broken) {
                    // The worker is closed.
                }

                @Override
                public void onCompleted() {
                    worker.onCompleted();
                }
            };
        }

        void prepare(long attempt, int teacher) {
            orders.join()
                    .onNext(Order.newBuilder()
                            .setPrepare(Prepare.newBuilder()
                                    .setJob("job")
                                    .setAttempt(attempt)
                                    .addTeachers(teacher))
                            .build());
        }
    }

    /** Loads until nobody wants the job any more. */
    private final class Endless implements LoadedJob.Opener {
        @Override
        public LoadedJob open(Job job, Notices notices) {
            return fail("the student is not wanted");
        }

        @Override
        public LoadedJob openForHelp(Job job, List<Integer> teachers, Notices notices) {
            events.add("loads " + teachers);
            while (notices.wanted()) {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
            }
            events.add("ends " + teachers);
            throw new Abandoned("nobody wants it");
        }
    }

    private String event() throws InterruptedException {
        return events.poll(30, TimeUnit.SECONDS);
    }

    @Test
    void otherTeachersAreLoadedOnceThoseBeforeAreLetGoAndTheSameNotAgain() throws Exception {
        Coordinator coordinator = new Coordinator();
        String name = UUID.randomUUID().toString();
        Server server = InProcessServerBuilder.forName(name)
                .addService(coordinator)
                .build()
                .start();
        ManagedChannel channel = InProcessChannelBuilder.forName(name).build();
        Vertx vertx = Vertx.vertx();
        try {
            Hello identity = Hello.newBuilder().setWorker("w").setTeachers(1).build();
            vertx.deployVerticle(new WorkerVerticle(identity, new Endless(), Map.of(), channel))
                    .await();
            coordinator.prepare(1, 0);
            assertEquals("loads [0]", event());
            coordinator.prepare(2, 0);
            coordinator.prepare(3, 1);
            assertEquals("ends [0]", event());
            assertEquals("loads [1]", event());
        } finally {
            vertx.close().await();
            channel.shutdownNow();
            server.shutdownNow().awaitTermination();
        }
    }
}
