package org.simreg.coordinator.grpc.samples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.Dataset;
import org.simreg.proto.DescribeRequest;
import org.simreg.proto.ReadRequest;
import org.simreg.proto.Roots;
import org.simreg.proto.Split;
import org.simreg.worker.base.concurrent.Abandoned;
import org.simreg.worker.data.storage.ShownPictures;
import org.slf4j.LoggerFactory;

/** Workers that ask for a bucket whose service takes requests and never answers. */
@Timeout(60)
class DeadBucketTest {
    private static final List<String> PROPERTIES =
            List.of("aws.endpointUrlS3", "aws.region", "aws.accessKeyId", "aws.secretAccessKey");

    private static final byte[] ERROR =
            "HTTP/1.1 500 Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

    @TempDir
    Path folder;

    private final AtomicInteger connections = new AtomicInteger();
    private final CompletableFuture<Void> asked = new CompletableFuture<>();
    private final CountDownLatch left = new CountDownLatch(1);
    private ServerSocket service;
    private FarStorage far;
    private Dataset bucket;

    @BeforeEach
    void start() throws IOException {
        service = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        Thread serving = new Thread(this::serve, "dead bucket");
        serving.setDaemon(true);
        serving.start();
        PROPERTIES.forEach(name -> System.setProperty(name, "any"));
        System.setProperty(PROPERTIES.get(0), "http://127.0.0.1:" + service.getLocalPort());
        new Pictures(folder.resolve("images")).add("ant", 3);
        far = new FarStorage(folder, true);
        bucket = far.dataset(Dataset.newBuilder().addPath("s3://dead/data").build());
    }

    @AfterEach
    void stop() throws IOException {
        far.close();
        service.close();
        PROPERTIES.forEach(System::clearProperty);
    }

    private void serve() {
        try {
            while (true) {
                try (Socket client = service.accept()) {
                    connections.incrementAndGet();
                    client.getInputStream().read();
                    asked.complete(null);
                    left.await();
                    client.getOutputStream().write(ERROR);
                }
            }
        } catch (IOException | InterruptedException e) {
            LoggerFactory.getLogger(getClass()).debug("the service ends", e);
        }
    }

    private static boolean isListing() {
        return Thread.getAllStackTraces().entrySet().stream()
                .filter(thread -> thread.getKey().getName().startsWith("simreg-samples"))
                .flatMap(thread -> Arrays.stream(thread.getValue()))
                .anyMatch(frame -> frame.getClassName().endsWith(".OpenDatasets"));
    }

    /** A worker that asks for the bucket until it doesn't want it any more. */
    private final class Asking {
        private final Context.CancellableContext wanted = Context.current().withCancellation();
        private final CompletableFuture<Status.Code> end = new CompletableFuture<>();

        Asking() {
            CompletableFuture.runAsync(wanted.wrap(() -> {
                try {
                    boolean answered = far.stub()
                            .describe(DescribeRequest.newBuilder()
                                    .setDataset(bucket)
                                    .build())
                            .hasNext();
                    end.completeExceptionally(new AssertionError("answered: " + answered));
                } catch (StatusRuntimeException e) {
                    end.complete(e.getStatus().getCode());
                }
            }));
        }

        void leave() throws Exception {
            wanted.cancel(null);
            assertEquals(Status.Code.CANCELLED, end.get(20, TimeUnit.SECONDS));
        }
    }

    @Test
    void pagesShowThePicturesOfOtherDataSets() throws Exception {
        Path list = Files.writeString(folder.resolve("list.csv"), "path,class\nimages/ant/00.png,ant\n");
        Dataset listed = Dataset.newBuilder().addPath("list:" + list).build();
        ShownPictures shown = new ShownPictures(folder.resolve("pages"), Roots.ANYWHERE);
        CompletableFuture<Throwable> away = new CompletableFuture<>();
        Thread page = new Thread(
                () -> away.complete(assertThrows(Abandoned.class, () -> shown.bytes(bucket, "a.png"))), "page");
        page.start();
        asked.get(20, TimeUnit.SECONDS);
        assertEquals(
                Files.size(folder.resolve("images/ant/00.png")),
                shown.bytes(listed, far.local(listed).train().path(0)).length);
        page.interrupt();
        left.countDown();
        away.get(20, TimeUnit.SECONDS);
    }

    @Test
    void holdNobodyUpAndLeaveNothingBehindWhenTheyGo() throws Exception {
        Asking first = new Asking();
        asked.get(20, TimeUnit.SECONDS);
        List<Asking> others = List.of(new Asking(), new Asking(), new Asking());
        Dataset images = far.dataset("images");
        ReadRequest.Builder request = ReadRequest.newBuilder()
                .setDataset(images)
                .setSplit(Split.TRAIN)
                .setSha256(far.local(images).sha256());
        request.addSamplesBuilder().setId(2);
        far.worker().open(images, notice -> {});
        assertTrue(far.stub().read(request.build()).next().hasCrc32C());
        for (Asking other : others) {
            other.leave();
        }
        first.leave();
        assertTrue(isListing());
        left.countDown();
        while (isListing()) {
            Thread.onSpinWait();
        }
        assertEquals(1, connections.get());
    }
}
