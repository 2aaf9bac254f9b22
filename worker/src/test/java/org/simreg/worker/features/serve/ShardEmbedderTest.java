package org.simreg.worker.features.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.ManagedChannel;
import io.grpc.inprocess.InProcessChannelBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.EmbedOrder;
import org.simreg.proto.Embedded;
import org.simreg.proto.UserError;
import org.simreg.worker.data.storage.WorkerSettings;

/** Tests of the lease of a part that is embedded: it lasts as long as it is asked for. */
class ShardEmbedderTest {
    @TempDir
    Path folder;

    private final ManagedChannel nobody =
            InProcessChannelBuilder.forName("nobody").build();
    private ShardEmbedder embedder;
    private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - TimeUnit.SECONDS.toNanos(5));

    @AfterEach
    void close() {
        embedder.close();
        nobody.shutdownNow();
    }

    private volatile CountDownLatch busy = new CountDownLatch(0);

    /** The clock; the embedder's own thread waits for it while it is busy. */
    private long now() {
        if (Thread.currentThread().getName().startsWith("simreg-embed")) {
            try {
                busy.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        return now.get();
    }

    private ShardEmbedder.Task part() {
        return embedder().new Task(order());
    }

    private EmbedOrder order() {
        EmbedOrder.Builder order = EmbedOrder.newBuilder().setBank("bank").setVersion("v");
        order.getImagesBuilder()
                .getDatasetBuilder()
                .addPath(folder.resolve("no pictures").toString());
        return order.build();
    }

    private ShardEmbedder embedder() {
        WorkerSettings worker = new WorkerSettings("cpu", 1, 1, folder.resolve("cache"));
        embedder = new ShardEmbedder(
                new SearchServer.Settings(worker, 1 << 20), new ShardTransfer(nobody, folder), this::now);
        return embedder;
    }

    private void pass(long seconds) {
        now.addAndGet(TimeUnit.SECONDS.toNanos(seconds));
    }

    @Test
    void aLeaseThatNobodyRenewsRunsOut() {
        ShardEmbedder.Task part = part();
        pass(15);
        assertFalse(part.stopped());
        now.incrementAndGet();
        assertTrue(part.stopped());
    }

    @Test
    void everyQuestionRenewsIt() {
        ShardEmbedder.Task part = part();
        for (int i = 0; i < 10; i++) {
            pass(14);
            assertFalse(part.stopped());
            part.renew();
        }
        pass(16);
        assertTrue(part.stopped());
    }

    @Test
    void aPartThatIsGivenUpIsNotTakenUpByAQuestion() {
        ShardEmbedder.Task part = part();
        part.giveUp();
        part.renew();
        assertTrue(part.stopped());
    }

    @Test
    void whatRanOutBeforeItsTurnIsNotBegun() {
        ShardEmbedder.Task part = part();
        pass(16);
        part.run();
        assertEquals(Embedded.getDefaultInstance(), part.state());
    }

    /** As when the coordinator is away for 20 s while the part waits for its turn. */
    @Test
    @Timeout(20)
    void whatRanOutIsBegunAnewWhenItIsAskedForAgain() {
        embedder();
        busy = new CountDownLatch(1);
        assertEquals(Embedded.getDefaultInstance(), embedder.ask(order()));
        pass(20);
        busy.countDown();
        UserError why = failure(order());
        assertTrue(why.getMessage().contains("no pictures"), why.getMessage());
    }

    /** A service that takes a request and never answers. */
    @Test
    @Timeout(60)
    void aBucketThatIsAwayHoldsUpItsOwnBanksOnly() throws IOException {
        List<String> properties = List.of("aws.endpointUrlS3", "aws.region", "aws.accessKeyId", "aws.secretAccessKey");
        EmbedOrder.Builder away = order().toBuilder().setBank("away");
        away.getImagesBuilder().getDatasetBuilder().clearPath().addPath("s3://dead/data");
        try (ServerSocket service = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            properties.forEach(name -> System.setProperty(name, "any"));
            System.setProperty(properties.get(0), "http://127.0.0.1:" + service.getLocalPort());
            embedder();
            assertEquals(Embedded.getDefaultInstance(), embedder.ask(away.build()));
            try (Socket client = service.accept()) {
                assertTrue(failure(order()).getMessage().contains("no pictures"));
                embedder.retain(List.of());
                assertEquals(
                        Embedded.getDefaultInstance(),
                        embedder.ask(away.setVersion("next").build()));
                assertTrue(client.isConnected());
            }
        } finally {
            properties.forEach(System::clearProperty);
        }
    }

    private UserError failure(EmbedOrder order) {
        while (true) {
            try {
                embedder.ask(order);
                Thread.onSpinWait();
            } catch (UserError e) {
                return e;
            }
        }
    }

    @Test
    void whatIsBegunAndFailsSaysWhy() {
        ShardEmbedder.Task part = part();
        part.run();
        UserError why = assertThrows(UserError.class, part::state);
        assertTrue(why.getMessage().contains("no pictures"), why.getMessage());
    }
}
