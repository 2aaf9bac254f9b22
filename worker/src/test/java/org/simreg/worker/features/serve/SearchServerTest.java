package org.simreg.worker.features.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.StreamObserver;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.DeliveryOptions;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.EmbedOrder;
import org.simreg.proto.ImageQuery;
import org.simreg.proto.Network;
import org.simreg.proto.SearchOrder;
import org.simreg.proto.SearchReply;
import org.simreg.proto.ShardFile;
import org.simreg.proto.ShardPart;
import org.simreg.proto.ShardQuery;
import org.simreg.proto.ShardsGrpc;
import org.simreg.worker.base.io.Sha256;
import org.simreg.worker.data.storage.WorkerSettings;
import org.simreg.worker.features.bankfile.BankOrigin;
import org.simreg.worker.features.bankfile.BankWriter;
import org.simreg.worker.features.search.SearchMessages;
import org.simreg.worker.features.search.Shard;
import org.simreg.worker.features.search.TopK;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.weights.checkpoint.WeightFixtures;
import org.simreg.worker.weights.checkpoint.WeightsFile;
import org.simreg.worker.weights.format.Safetensors;

/** Orders about banks as they come over the event bus, and the shards that a worker holds for them. */
@Timeout(60)
class SearchServerTest {
    private static final int ROWS = 5;
    private static final float[][] FEATURES = {{1, 0}, {0, 1}, {1, 1}, {-1, 0}, {2, 1}};

    @TempDir
    Path folder;

    private final AtomicInteger fetches = new AtomicInteger();
    private final Vertx vertx = Vertx.vertx();
    private final String name = UUID.randomUUID().toString();
    private final ManagedChannel channel = InProcessChannelBuilder.forName(name).build();
    private Server coordinator;
    private SearchServer server;

    @BeforeEach
    void start() throws IOException {
        coordinator = InProcessServerBuilder.forName(name)
                .addService(new ShardsGrpc.ShardsImplBase() {
                    @Override
                    public void getShard(ShardFile asked, StreamObserver<ShardPart> parts) {
                        fetches.incrementAndGet();
                        parts.onNext(ShardPart.newBuilder().setHeader(asked).build());
                        parts.onCompleted();
                    }
                })
                .build()
                .start();
        server = server(1 << 20);
    }

    private SearchServer server(long memory) {
        WorkerSettings worker = new WorkerSettings("cpu", 1, 1, folder.resolve("cache"));
        return new SearchServer(vertx, channel, new SearchServer.Settings(worker, memory), device -> {});
    }

    @AfterEach
    void stop() {
        server.close();
        channel.shutdownNow();
        coordinator.shutdownNow();
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }

    private ShardFile shard(int number) throws IOException {
        Path file = folder.resolve("shard-" + number);
        BankOrigin origin = new BankOrigin.ShardMark("bank", "v", number).origin("", "");
        BankWriter.write(file, 2, origin, bank -> {
            for (int row = 0; row < ROWS; row++) {
                bank.add(new long[] {10L * number + row}, new int[] {row}, FEATURES[row]);
            }
        });
        return ShardFile.newBuilder()
                .setBank("bank")
                .setVersion("v")
                .setShard(number)
                .setPath(file.toString())
                .setLength(Files.size(file))
                .setSha256(Sha256.of(file))
                .setRows(ROWS)
                .setDimension(2)
                .build();
    }

    private SearchReply ask(SearchServer asked, SearchOrder order) throws Exception {
        return asked(asked, order).get(30, TimeUnit.SECONDS);
    }

    private CompletableFuture<SearchReply> asked(SearchServer asked, SearchOrder order) {
        return vertx.eventBus()
                .<byte[]>request(asked.address(), order.toByteArray(), new DeliveryOptions().setSendTimeout(30_000))
                .map(message -> {
                    try {
                        return SearchReply.parseFrom(message.body());
                    } catch (InvalidProtocolBufferException e) {
                        throw new IllegalStateException(e);
                    }
                })
                .toCompletionStage()
                .toCompletableFuture();
    }

    private SearchReply hold(SearchServer asked, ShardFile shard) throws Exception {
        return ask(asked, SearchOrder.newBuilder().setHold(shard).build());
    }

    private SearchReply query(ShardFile shard, float... vector) throws Exception {
        ShardQuery query = ShardQuery.newBuilder()
                .setShard(shard)
                .setK(2)
                .setPatienceMs(20_000)
                .setVectors(SearchMessages.bytes(vector))
                .build();
        return ask(server, SearchOrder.newBuilder().setQuery(query).build());
    }

    private void keep(Collection<ShardFile> shards) throws Exception {
        SearchOrder order = SearchOrder.newBuilder()
                .setWanted(SearchOrder.Wanted.newBuilder().addAllShards(shards))
                .build();
        assertTrue(ask(server, order).getDone());
    }

    /** The pictures would take the one thread a minute; JPEG's decoder can't be stopped within one. */
    @Test
    void picturesThatNobodyWaitsForAnyMoreGiveTheirThreadBack() throws Exception {
        Path weights = folder.resolve("weights.safetensors");
        Safetensors.write(weights, WeightFixtures.weights(Networks.backbone(Network.MOBILENET_V2)));
        ImageQuery.Builder query = ImageQuery.newBuilder().setWeightsSha256(WeightsFile.sha256(weights));
        query.getImagesBuilder()
                .setWeights(weights.toString())
                .setNetwork(Network.MOBILENET_V2)
                .setSize(32);
        ByteString small = jpeg(40);
        ImageQuery one = query.clone().addFiles(small).build();
        assertEquals(
                1280,
                ask(server, SearchOrder.newBuilder().setImages(one).build())
                        .getVectors()
                        .getDimension());
        ByteString large = jpeg(5000);
        for (int i = 0; i < 400; i++) {
            query.addFiles(large);
        }
        SearchOrder order =
                SearchOrder.newBuilder().setImages(query.setPatienceMs(500)).build();
        CompletableFuture<SearchReply> first = asked(server, order);
        SearchOrder behind = SearchOrder.newBuilder()
                .setImages(one.toBuilder().setPatienceMs(200))
                .build();
        SearchReply late = ask(server, behind);
        assertTrue(late.getFailure().getReason().contains("other queries"), late.getFailure()::getReason);
        SearchReply given = first.get(20, TimeUnit.SECONDS);
        // The second on a machine that has other work.
        assertTrue(
                given.getFailure().getReason().matches(".*(nobody waits|too busy).*"), given.getFailure()::getReason);
        assertEquals(
                1280,
                ask(server, SearchOrder.newBuilder().setImages(one).build())
                        .getVectors()
                        .getDimension());
    }

    /** A black square. */
    private static ByteString jpeg(int side) throws IOException {
        ByteString.Output bytes = ByteString.newOutput();
        ImageIO.write(new BufferedImage(side, side, BufferedImage.TYPE_BYTE_GRAY), "jpg", bytes);
        return bytes.toByteString();
    }

    @Test
    void aShardThatIsHeldAnswersWithItsNearestRows() throws Exception {
        ShardFile shard = shard(3);
        assertEquals(shard, hold(server, shard).getHeld());
        TopK found = SearchMessages.found(query(shard, 0, 7).getAnswer());
        assertEquals(2, found.k());
        assertEquals(31, found.id(0, 0));
        assertEquals(1, found.cosine(0, 0), 1e-7);
        assertEquals(32, found.id(0, 1));
        assertEquals(2, found.label(0, 1));
    }

    @Test
    void aShardIsOpenedForAQueryOnlyOnceUntilNobodyWantsIt() throws Exception {
        ShardFile shard = shard(0);
        assertTrue(query(shard, 1, 0).hasAnswer());
        Files.delete(Path.of(shard.getPath()));
        assertTrue(query(shard, 1, 0).hasAnswer(), "it is open");
        keep(List.of(shard));
        assertTrue(query(shard, 1, 0).hasAnswer(), "it is wanted");
        keep(List.of());
        SearchReply closed = query(shard, 1, 0);
        assertTrue(closed.getFailure().getReason().contains("came damaged"), closed.toString());
        assertEquals(1, fetches.get(), "it is fetched, as it is not here any more");
    }

    @Test
    void oneThatCouldNotBeOpenedIsTriedAgain() throws Exception {
        ShardFile shard = shard(0);
        Path file = Path.of(shard.getPath());
        byte[] whole = Files.readAllBytes(file);
        byte[] other = whole.clone();
        other[other.length - 1]++;
        Files.write(file, other);
        SearchReply damaged = hold(server, shard);
        assertTrue(damaged.getFailure().getReason().contains("checksum"), damaged.toString());
        assertFalse(damaged.getFailure().getRefused());
        Files.write(file, whole);
        assertTrue(hold(server, shard).hasHeld());
    }

    @Test
    void theFileOfAnotherShardIsNotTakenForIt() throws Exception {
        ShardFile shard = shard(0);
        SearchReply other = hold(server, shard.toBuilder().setShard(1).build());
        assertTrue(other.getFailure().getReason().contains("is no shard 1 of the bank bank"), other.toString());
    }

    @Test
    void shardsTakeNoMoreMemoryThanTheyMay() throws Exception {
        try (SearchServer small = server(Shard.bytes(ROWS, 2) + 10)) {
            assertTrue(hold(small, shard(0)).hasHeld());
            SearchReply second = hold(small, shard(1));
            assertTrue(second.hasFailure(), second.toString());
            assertTrue(hold(small, shard(0)).hasHeld());
        }
    }

    @Test
    void anOrderThatNobodyKnowsIsAnswered() throws Exception {
        SearchReply reply = ask(server, SearchOrder.getDefaultInstance());
        assertEquals(
                "This worker is older than the coordinator; renew it",
                reply.getFailure().getReason());
    }

    @Test
    void aQueryOfTheWrongWidthIsRefused() throws Exception {
        SearchReply reply = query(shard(0), 1, 0, 1);
        assertTrue(reply.getFailure().getRefused(), reply.toString());
    }

    @Test
    void aPartOfABankIsBegunAndGivenUpByItsLease() throws Exception {
        EmbedOrder.Builder part = EmbedOrder.newBuilder().setBank("bank").setVersion("v");
        part.getImagesBuilder()
                .getDatasetBuilder()
                .addPath(folder.resolve("absent").toString());
        SearchOrder order = SearchOrder.newBuilder().setEmbed(part).build();
        SearchReply reply = ask(server, order);
        while (!reply.hasFailure()) {
            reply = ask(server, order);
        }
        assertTrue(reply.getFailure().getReason().contains("absent"), reply.toString());
        keep(List.of());
    }

    @Test
    void copiesThatNobodyHasUsedForAnHourAreDeleted() throws Exception {
        Path cache = Files.createDirectories(folder.resolve("copies"));
        ShardTransfer transfer = new ShardTransfer(channel, cache);
        ShardFile used = ShardFile.newBuilder().setSha256("used").build();
        for (String file : List.of("used.bank", "old.bank", "fresh.bank", "old.part", ".old.1.tmp", "other")) {
            Path copy = Files.writeString(cache.resolve(file), "x");
            boolean old = !file.startsWith("fresh");
            Files.setLastModifiedTime(copy, FileTime.from(Instant.now().minusSeconds(old ? 4000 : 3000)));
        }
        transfer.prune(List.of(used));
        try (var left = Files.list(cache)) {
            assertEquals(
                    List.of("fresh.bank", "other", "used.bank"),
                    left.map(file -> file.getFileName().toString()).sorted().toList());
        }
        // Another worker that shares the folder sees that it is in use.
        new ShardTransfer(channel, cache).prune(List.of());
        assertTrue(Files.exists(cache.resolve("used.bank")));
        new ShardTransfer(channel, folder.resolve("none")).prune(List.of());
    }
}
