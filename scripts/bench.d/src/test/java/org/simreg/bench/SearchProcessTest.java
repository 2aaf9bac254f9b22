package org.simreg.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.simreg.bench.SharedCluster.WORKERS;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.search.bank.Features;
import org.simreg.proto.BankStatus;
import org.simreg.proto.CreateBankRequest;
import org.simreg.proto.DeleteBankRequest;
import org.simreg.proto.DescribeBankRequest;
import org.simreg.proto.Found;
import org.simreg.proto.SearchGrpc;
import org.simreg.proto.SearchRequest;

/**
 * Three worker processes that serve a bank while something happens to one of them: every query is
 * answered, whole and exact.
 */
@Tag("processes")
@Timeout(240)
class SearchProcessTest {
    private static final int ROWS = 4001;
    private static final int QUERIES = Integer.getInteger("simreg.test.queries", 2_000);
    private static final int TOGETHER = 20;
    private static final int K = 7;
    private static final int CLIENTS = 4;
    private static final Features BANK = Features.random(11, ROWS, 23);
    private static final Features UNIT = BANK.unit();
    private static final Features ASKED = Features.random(12, QUERIES, 23);

    @TempDir
    Path folder;

    private final AtomicInteger answered = new AtomicInteger();
    private final ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
    private SharedCluster cluster;
    private Processes processes;
    private SearchGrpc.SearchBlockingStub search;

    @BeforeEach
    void aWholeCluster() throws IOException {
        cluster = SharedCluster.whole();
        processes = cluster.processes();
        search = SearchGrpc.newBlockingStub(cluster.client().channel()).withWaitForReady();
    }

    @AfterEach
    void nothingIsLeft() {
        clients.shutdownNow();
        search.deleteBank(DeleteBankRequest.newBuilder().setName("bank").build());
    }

    private void create(int replicas) throws IOException {
        CreateBankRequest.Builder request = CreateBankRequest.newBuilder().setName("bank");
        request.setShards(6).setReplicas(replicas);
        request.getSourceBuilder()
                .getFeaturesBuilder()
                .setFeatures(BANK.npy(folder.resolve("rows.npy")).toString());
        search.createBank(request.build());
        Iterator<BankStatus> states = search.watchBank(named());
        BankStatus last = states.next();
        while (states.hasNext()) {
            last = states.next();
        }
        assertEquals(BankStatus.State.READY, last.getState(), last.getReason());
        await(all -> WORKERS.stream().allMatch(name -> holds(all, name)));
    }

    private static DescribeBankRequest named() {
        return DescribeBankRequest.newBuilder().setName("bank").build();
    }

    private static boolean holds(BankStatus bank, String worker) {
        return bank.getShardsList().stream()
                .flatMap(shard -> shard.getHoldersList().stream())
                .anyMatch(one -> one.getWorker().equals(worker) && one.getReady());
    }

    private void await(Predicate<BankStatus> condition) {
        until(() -> condition.test(search.describeBank(named())));
    }

    private void until(BooleanSupplier condition) {
        cluster.until(condition, () -> answered + " answers");
    }

    private List<Future<Integer>> ask() {
        List<Future<Integer>> wrong = new ArrayList<>();
        for (int own = 0; own < CLIENTS; own++) {
            int first = own;
            wrong.add(clients.submit(() -> ask(first)));
        }
        return wrong;
    }

    /** Every fourth piece of the queries; how many had a wrong answer. */
    private int ask(int own) {
        int wrong = 0;
        for (int from = own * TOGETHER; from < QUERIES; from += CLIENTS * TOGETHER) {
            SearchRequest request = SearchRequest.newBuilder()
                    .setBank("bank")
                    .setVectors(ASKED.vectors(from, TOGETHER))
                    .setK(K)
                    .build();
            List<Found> found = search.search(request).getFoundList();
            assertEquals(TOGETHER, found.size());
            for (int i = 0; i < TOGETHER; i++) {
                List<Long> expected = UNIT.nearest(ASKED.rows[from + i], K);
                wrong += expected.equals(Features.ids(found.get(i))) ? 0 : 1;
            }
            answered.addAndGet(TOGETHER);
        }
        return wrong;
    }

    private void awaitAnswers(int count) {
        until(() -> answered.get() >= count);
    }

    private void assertAllExact(List<Future<Integer>> wrong) throws Exception {
        for (Future<Integer> one : wrong) {
            assertEquals(0, one.get(120, TimeUnit.SECONDS), cluster.circumstances());
        }
        assertEquals(QUERIES, answered.get());
    }

    @Test
    void aWorkerKilledInTheMiddleAndStartedAgainCostsNoAnswer() throws Exception {
        create(1);
        List<Future<Integer>> wrong = ask();
        awaitAnswers(QUERIES / 5);
        processes.kill("w1");
        awaitAnswers(QUERIES / 2);
        processes.worker("w1");
        assertAllExact(wrong);
        await(all -> holds(all, "w1"));
    }

    @Test
    @EnabledIfSystemProperty(named = "simreg.test.kills", matches = "\\d+")
    void aFrozenWorkersReplicasAnswerWhileItIsKilled() throws Exception {
        create(2);
        List<Future<Integer>> wrong = ask();
        awaitAnswers(QUERIES / 5);
        processes.freeze("w2");
        int before = answered.get();
        awaitAnswers(before + CLIENTS * TOGETHER * 2);
        processes.kill("w2");
        assertAllExact(wrong);
    }

    @Test
    @EnabledIfSystemProperty(named = "simreg.test.kills", matches = "\\d+")
    void withoutWorkersAQueryFailsInsteadOfBeingAnsweredInPart() throws Exception {
        create(1);
        WORKERS.forEach(processes::kill);
        SearchRequest request = SearchRequest.newBuilder()
                .setBank("bank")
                .setVectors(ASKED.vectors(0, 1))
                .build();
        StatusRuntimeException refusal = assertThrows(StatusRuntimeException.class, () -> search.search(request));
        assertEquals(Status.Code.UNAVAILABLE, refusal.getStatus().getCode());
        assertTrue(refusal.getMessage().contains("can't be answered for"), refusal.getMessage());
    }

    @Test
    @EnabledIfSystemProperty(named = "simreg.test.kills", matches = "\\d+")
    void thePartOfAWorkerKilledWhileABankIsMadeIsEmbeddedByAnother() throws Exception {
        CreateBankRequest.Builder request = CreateBankRequest.newBuilder().setName("bank");
        request.setShards(9)
                .getSourceBuilder()
                .getImagesBuilder()
                .setWeights(cluster.teacher().toString())
                .getDatasetBuilder()
                .addPath(cluster.data().toString());
        search.createBank(request.build());
        await(all -> all.getShardsList().stream().anyMatch(one -> one.getHoldersCount() > 0));
        processes.kill("w0");
        await(all -> all.getState() != BankStatus.State.CREATING);
        BankStatus made = search.describeBank(named());
        assertEquals(BankStatus.State.READY, made.getState(), made.getReason());
        assertEquals(made.getRows(), made.getRowsDone());
        Path picture;
        try (var all = Files.list(cluster.data().resolve("train/symbols--arrow"))) {
            picture = all.sorted().skip(3).findFirst().orElseThrow();
        }
        SearchRequest same = SearchRequest.newBuilder()
                .setBank("bank")
                .addImages(ByteString.copyFrom(Files.readAllBytes(picture)))
                .build();
        Found.Hit nearest = search.search(same).getFound(0).getHits(0);
        assertEquals("train/symbols--arrow/" + picture.getFileName(), nearest.getFile());
        assertEquals("symbols--arrow", nearest.getLabel());
        assertEquals(1, nearest.getCosine(), 1e-5);
    }
}
