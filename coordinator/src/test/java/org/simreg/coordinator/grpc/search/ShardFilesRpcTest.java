package org.simreg.coordinator.grpc.search;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.grpc.GrpcServer;
import org.simreg.coordinator.grpc.Received;
import org.simreg.coordinator.search.bank.Banks;
import org.simreg.coordinator.search.query.FakeSearchWorkers;
import org.simreg.coordinator.search.query.FakeTimers;
import org.simreg.proto.BankRecord;
import org.simreg.proto.BankStatus;
import org.simreg.proto.Roots;
import org.simreg.proto.ShardFile;
import org.simreg.proto.ShardPart;
import org.simreg.proto.ShardsGrpc;
import org.simreg.worker.base.concurrent.WatchedPool;
import org.simreg.worker.base.io.Sha256;

/** Shards that workers send for a bank of images that is being built, in two parts. */
@Timeout(60)
class ShardFilesRpcTest {
    private static final int ROWS = 10;
    private static final byte[] CONTENT = new byte[300_000];

    static {
        new Random(1).nextBytes(CONTENT);
    }

    @TempDir
    Path home;

    private final ExecutorService search = Executors.newSingleThreadExecutor();
    private final ExecutorService files = Executors.newSingleThreadExecutor();
    private final String name = UUID.randomUUID().toString();
    private final ManagedChannel channel = InProcessChannelBuilder.forName(name).build();
    private final WatchedPool pool = new WatchedPool("making", 1, WatchedPool.PATIENCE);
    private Banks banks;
    private GrpcServer server;

    @BeforeEach
    void aBankInTwoParts() throws Exception {
        BankRecord.Builder bank = BankRecord.newBuilder()
                .setName("bank")
                .setVersion("v")
                .setState(BankStatus.State.CREATING)
                .setReplicas(1)
                .setRows(2 * ROWS);
        bank.getSourceBuilder().getImagesBuilder().setWeights("weights.safetensors");
        bank.addPartsBuilder().setRows(ROWS);
        bank.addPartsBuilder().setFirstId(ROWS).setRows(ROWS).setSha256(Sha256.of(CONTENT));
        Files.createDirectories(home.resolve("bank"));
        Files.write(home.resolve("bank/bank.pb"), bank.build().toByteArray());
        Banks.Setup setup = new Banks.Setup(
                home, home.resolve("index"), search, pool, pool, files, Banks.Publishing.NOWHERE, Roots.ANYWHERE);
        banks = new Banks(setup, new FakeTimers(), new FakeSearchWorkers());
        search.submit(banks::start).get(20, TimeUnit.SECONDS);
        server = GrpcServer.inProcess(name, List.of(new ShardFilesRpc(banks, search, files)));
    }

    @AfterEach
    void close() throws Exception {
        channel.shutdownNow();
        server.close();
        search.submit(banks::close).get(20, TimeUnit.SECONDS);
        search.shutdown();
        files.shutdown();
        pool.close();
    }

    private static ShardFile.Builder shard() {
        return ShardFile.newBuilder()
                .setBank("bank")
                .setVersion("v")
                .setRows(ROWS)
                .setLength(CONTENT.length)
                .setSha256(Sha256.of(CONTENT));
    }

    private static ShardPart header(ShardFile.Builder shard) {
        return ShardPart.newBuilder().setHeader(shard).build();
    }

    private static ShardPart data(int from, int to) {
        ByteString bytes = ByteString.copyFrom(CONTENT, from, to - from);
        return ShardPart.newBuilder().setData(bytes).build();
    }

    private StreamObserver<ShardPart> put(Received<ShardFile> answer) {
        return ShardsGrpc.newStub(channel).putShard(answer);
    }

    /** Sends a shard with this header, all its bytes but the last ones. */
    private Received<ShardFile> sent(ShardFile.Builder shard, int missing) {
        Received<ShardFile> answer = new Received<>();
        StreamObserver<ShardPart> parts = put(answer);
        parts.onNext(header(shard));
        parts.onNext(data(0, 100_000));
        parts.onNext(data(100_000, CONTENT.length - missing));
        parts.onCompleted();
        return answer;
    }

    private List<String> stored() {
        try (Stream<Path> all = Files.list(home.resolve("bank"))) {
            return all.map(file -> file.getFileName().toString())
                    .filter(file -> !file.equals("bank.pb"))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void awaitFiles(String what, Predicate<List<String>> condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.test(stored())) {
            assertTrue(System.nanoTime() < deadline, "never " + what + ": " + stored());
            Thread.onSpinWait();
        }
    }

    private void assertRefused(Code code, String words, Received<ShardFile> answer) {
        StatusRuntimeException refusal = answer.status();
        assertEquals(code, refusal.getStatus().getCode(), refusal.getMessage());
        assertTrue(refusal.getMessage().contains(words), refusal.getMessage());
        awaitFiles("removed", List::isEmpty);
    }

    @Test
    void aShardIsStoredWithItsBytes() throws Exception {
        ShardFile stored = sent(shard(), 0).next();
        assertEquals(home.resolve("bank/shard-0.bank").toString(), stored.getPath());
        assertArrayEquals(CONTENT, Files.readAllBytes(Path.of(stored.getPath())));
        awaitFiles("alone", files -> files.equals(List.of("shard-0.bank")));
    }

    @Test
    void aShardThatEndsEarlyIsDamagedAndLeavesNothing() {
        assertRefused(Code.DATA_LOSS, "is not what its header says", sent(shard(), 1));
    }

    @Test
    void aShardWithMoreBytesThanAnnouncedIsDamagedAndLeavesNothing() {
        ShardFile.Builder shorter = shard().setLength(CONTENT.length - 1);
        assertRefused(Code.DATA_LOSS, "is not what its header says", sent(shorter, 0));
    }

    /** One that never ends would fill the disk. */
    @Test
    void moreBytesThanAnnouncedAreRefusedBeforeTheEnd() {
        Received<ShardFile> answer = new Received<>();
        StreamObserver<ShardPart> parts = put(answer);
        parts.onNext(header(shard().setLength(100)));
        parts.onNext(data(0, 1000));
        assertRefused(Code.DATA_LOSS, "is not what its header says", answer);
    }

    /** A call whose answer is not read, as the client asks for no part of it. */
    private static final class Unread implements ClientResponseObserver<ShardFile, ShardPart> {
        private final CompletableFuture<Throwable> failure;
        private ClientCallStreamObserver<ShardFile> call;

        Unread(CompletableFuture<Throwable> failure) {
            this.failure = failure;
        }

        @Override
        public void beforeStart(ClientCallStreamObserver<ShardFile> started) {
            call = started;
            started.disableAutoRequestWithInitial(0);
        }

        @Override
        public void onNext(ShardPart part) {}

        @Override
        public void onError(Throwable e) {
            failure.complete(e);
        }

        @Override
        public void onCompleted() {}
    }

    @Test
    void onlySoManyAnswersMayBeLeftUnread() throws Exception {
        ShardFile shard = shard().setShard(1).build();
        Files.write(home.resolve("bank/shard-1.bank"), CONTENT);
        CompletableFuture<Throwable> failure = new CompletableFuture<>();
        List<Unread> readers = new ArrayList<>();
        for (int i = 0; i < 65; i++) {
            readers.add(new Unread(failure));
            ShardsGrpc.newStub(channel).getShard(shard, readers.get(i));
        }
        StatusRuntimeException refused = (StatusRuntimeException) failure.get(20, TimeUnit.SECONDS);
        assertEquals(Code.RESOURCE_EXHAUSTED, refused.getStatus().getCode());
        readers.forEach(reader -> reader.call.cancel("enough", null));
        Code code = Code.RESOURCE_EXHAUSTED;
        while (code == Code.RESOURCE_EXHAUSTED) {
            Iterator<ShardPart> parts = ShardsGrpc.newBlockingStub(channel).getShard(shard);
            try {
                assertTrue(parts.next().hasHeader());
                code = Code.OK;
            } catch (StatusRuntimeException e) {
                code = e.getStatus().getCode();
            }
        }
        assertEquals(Code.OK, code);
    }

    @Test
    void aShardWithAnotherDigestIsDamagedAndLeavesNothing() {
        ShardFile.Builder other = shard().setSha256(Sha256.of(new byte[] {1}));
        assertRefused(Code.DATA_LOSS, "send it again", sent(other, 0));
    }

    @Test
    void aShardWithoutBytesIsDamagedAndLeavesNothing() {
        Received<ShardFile> answer = new Received<>();
        StreamObserver<ShardPart> parts = put(answer);
        parts.onNext(header(shard()));
        parts.onCompleted();
        assertRefused(Code.DATA_LOSS, "is not what its header says", answer);
    }

    @Test
    void aShardThatTheBankDoesNotWaitForIsRefusedBeforeItsBytes() {
        String unwanted = "Shard %d of the bank bank is not wanted any more";
        for (ShardFile.Builder shard :
                List.of(shard().setVersion("old"), shard().setRows(ROWS + 1), shard().setRows(0))) {
            Received<ShardFile> answer = new Received<>();
            put(answer).onNext(header(shard));
            assertRefused(Code.FAILED_PRECONDITION, unwanted.formatted(0), answer);
        }
        Received<ShardFile> third = new Received<>();
        put(third).onNext(header(shard().setShard(2)));
        assertRefused(Code.FAILED_PRECONDITION, unwanted.formatted(2), third);
        Received<ShardFile> unknown = new Received<>();
        put(unknown).onNext(header(shard().setBank("nobody")));
        assertRefused(Code.NOT_FOUND, "There is no bank nobody", unknown);
    }

    @Test
    void aShardWithoutItsHeaderIsInvalid() {
        Received<ShardFile> headless = new Received<>();
        put(headless).onNext(data(0, 3));
        assertRefused(Code.INVALID_ARGUMENT, "The shard lacks its header", headless);
        Received<ShardFile> nothing = new Received<>();
        put(nothing).onCompleted();
        assertRefused(Code.INVALID_ARGUMENT, "The shard lacks its header", nothing);
        Received<ShardFile> twice = new Received<>();
        StreamObserver<ShardPart> parts = put(twice);
        parts.onNext(header(shard()));
        parts.onNext(data(0, 1000));
        parts.onNext(header(shard()));
        assertRefused(Code.INVALID_ARGUMENT, "The shard has a second header", twice);
    }

    @Test
    void aWorkerThatGoesAwayLeavesNothing() {
        ClientCallStreamObserver<ShardPart> parts = (ClientCallStreamObserver<ShardPart>) put(new Received<>());
        parts.onNext(header(shard()));
        parts.onNext(data(0, 1000));
        awaitFiles("begun", files -> files.size() == 1 && files.get(0).startsWith("draft-"));
        parts.cancel("enough", null);
        awaitFiles("removed", List::isEmpty);
    }

    @Test
    void aShardOfABankThatWasDeletedMeanwhileIsRefused() throws Exception {
        Received<ShardFile> answer = new Received<>();
        StreamObserver<ShardPart> parts = put(answer);
        parts.onNext(header(shard()));
        parts.onNext(data(0, 1000));
        awaitFiles("begun", files -> files.size() == 1);
        search.submit(() -> banks.delete("bank")).get(20, TimeUnit.SECONDS);
        parts.onNext(data(1000, CONTENT.length));
        parts.onCompleted();
        StatusRuntimeException refusal = answer.status();
        assertEquals(Code.NOT_FOUND, refusal.getStatus().getCode(), refusal.getMessage());
        assertTrue(Files.notExists(home.resolve("bank")));
        assertEquals(Optional.empty(), banks.view("bank"));
    }
}
