package org.simreg.coordinator.search.bank;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.util.concurrent.Futures;
import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.node.EmbeddedNode;
import org.simreg.proto.BankStatus;
import org.simreg.proto.ClassifyRequest;
import org.simreg.proto.ClassifyResponse;
import org.simreg.proto.CreateBankRequest;
import org.simreg.proto.DeleteBankRequest;
import org.simreg.proto.DescribeBankRequest;
import org.simreg.proto.Found;
import org.simreg.proto.ListBanksRequest;
import org.simreg.proto.SearchGrpc;
import org.simreg.proto.SearchRequest;
import org.simreg.proto.SearchResponse;
import org.simreg.proto.VoteRule;
import org.simreg.worker.data.storage.WorkerSettings;

/** The service {@code Search} over gRPC, with a worker and its engine in this process. */
@Timeout(120)
class SearchServiceTest {
    private static final int ROWS = 3000;
    private static final int DIMENSION = 19;
    private static final int CLASSES = 3;
    private static final Features BANK = Features.random(1, ROWS, DIMENSION);
    private static final Features UNIT = BANK.unit();
    private static final Features QUERIES = Features.random(2, 400, DIMENSION);

    @TempDir
    static Path folder;

    private static EmbeddedNode node;
    private static SearchGrpc.SearchBlockingStub search;

    @BeforeAll
    static void aBankInFiveShards() throws IOException {
        node = started();
        search = SearchGrpc.newBlockingStub(node.client().channel());
        CreateBankRequest.Builder request = request("bank");
        request.setShards(5).setReplicas(2);
        search.createBank(request.build());
        assertEquals(BankStatus.State.READY, made(search, "bank").getState());
    }

    private static EmbeddedNode started() {
        EmbeddedNode started = new EmbeddedNode("test", Optional.of(folder.resolve("banks")));
        started.work(new WorkerSettings("cpu", 1, 1, folder.resolve("cache")));
        return started;
    }

    private static CreateBankRequest.Builder request(String name) throws IOException {
        CreateBankRequest.Builder request = CreateBankRequest.newBuilder().setName(name);
        request.getSourceBuilder()
                .getFeaturesBuilder()
                .setFeatures(BANK.npy(folder.resolve(name + ".npy")).toString())
                .setLabels(lines(name + ".labels", row -> "class " + row % CLASSES))
                .setFiles(lines(name + ".files", row -> "picture " + row + ".png"));
        return request;
    }

    private static String lines(String name, IntFunction<String> line) throws IOException {
        List<String> lines = IntStream.range(0, ROWS).mapToObj(line).toList();
        return Files.write(folder.resolve(name), lines).toString();
    }

    private static BankStatus made(SearchGrpc.SearchBlockingStub stub, String name) {
        Iterator<BankStatus> statuses =
                stub.watchBank(DescribeBankRequest.newBuilder().setName(name).build());
        BankStatus last = statuses.next();
        while (statuses.hasNext()) {
            last = statuses.next();
        }
        return last;
    }

    @AfterAll
    static void stopped() {
        node.close();
    }

    private static SearchRequest.Builder asked(int from, int count) {
        return SearchRequest.newBuilder()
                .setBank("bank")
                .setVectors(QUERIES.vectors(from, count))
                .setK(9);
    }

    private static void assertExact(List<Found> found, int from, int k) {
        for (int query = 0; query < found.size(); query++) {
            float[] numbers = QUERIES.rows[from + query];
            assertEquals(UNIT.nearest(numbers, k), Features.ids(found.get(query)), "query " + query);
        }
    }

    @Test
    void neighboursAreThoseOfABruteForceWithTiesById() {
        SearchResponse response = search.search(asked(0, 400).build());
        assertEquals(400, response.getFoundCount());
        assertExact(response.getFoundList(), 0, 9);
        Found.Hit hit = response.getFound(17).getHits(3);
        assertEquals("picture " + hit.getId() + ".png", hit.getFile());
        assertEquals("class " + hit.getId() % CLASSES, hit.getLabel());
    }

    @Test
    void numbersMeanTheSameAsBytes() {
        SearchRequest.Builder request = asked(0, 1).clearVectors();
        for (float value : QUERIES.rows[0]) {
            request.addValues(value);
        }
        assertEquals(
                search.search(asked(0, 1).build()).getFoundList(),
                search.search(request.build()).getFoundList());
    }

    @Test
    void manyClientsAtOnceEachGetTheirOwnAnswer() {
        SearchGrpc.SearchFutureStub stub =
                SearchGrpc.newFutureStub(node.client().channel());
        var answers = IntStream.range(0, 400)
                .mapToObj(i -> stub.search(asked(i, 1).setK(1 + i % 5).build()))
                .toList();
        for (int i = 0; i < answers.size(); i++) {
            SearchResponse own = Futures.getUnchecked(answers.get(i));
            assertExact(own.getFoundList(), i, 1 + i % 5);
        }
    }

    @Test
    void aStreamAnswersInItsOrder() throws Exception {
        List<SearchResponse> answers = new ArrayList<>();
        CompletableFuture<Void> end = new CompletableFuture<>();
        StreamObserver<SearchRequest> requests = SearchGrpc.newStub(
                        node.client().channel())
                .searchStream(new StreamObserver<>() {
                    @Override
                    public void onNext(SearchResponse answer) {
                        answers.add(answer);
                    }

                    @Override
                    public void onError(Throwable failure) {
                        end.completeExceptionally(failure);
                    }

                    @Override
                    public void onCompleted() {
                        end.complete(null);
                    }
                });
        for (int i = 0; i < 40; i++) {
            requests.onNext(asked(i * 10, 10).setTag(i).build());
        }
        requests.onCompleted();
        end.get(60, TimeUnit.SECONDS);
        assertEquals(40, answers.size());
        for (int i = 0; i < 40; i++) {
            assertEquals(i, answers.get(i).getTag());
            assertExact(answers.get(i).getFoundList(), i * 10, 9);
        }
    }

    @Test
    void aVoteIsThatOfTheNeighbours() {
        ClassifyRequest request = ClassifyRequest.newBuilder()
                .setQueries(asked(0, 50))
                .addRules(VoteRule.newBuilder().setK(1))
                .addRules(VoteRule.newBuilder().setK(ROWS / 3))
                .build();
        ClassifyResponse verdicts = search.classify(request);
        for (int query = 0; query < 50; query++) {
            List<Long> near = UNIT.nearest(QUERIES.rows[query], ROWS / 3);
            assertEquals(
                    "class " + near.get(0) % CLASSES,
                    verdicts.getVerdicts(query).getLabels(0));
            assertEquals(majority(near), verdicts.getVerdicts(query).getLabels(1));
        }
    }

    @Test
    void whereMoreNeighboursAreAskedForThanThereAreAllAreGivenWithANote() throws IOException {
        Features few = Features.random(9, 25, DIMENSION);
        CreateBankRequest.Builder request =
                CreateBankRequest.newBuilder().setName("few").setShards(2);
        request.getSourceBuilder()
                .getFeaturesBuilder()
                .setFeatures(few.npy(folder.resolve("few.npy")).toString())
                .setLabels(Files.write(folder.resolve("few.labels"), Collections.nCopies(25, "one"))
                        .toString());
        search.createBank(request.build());
        assertEquals(BankStatus.State.READY, made(search, "few").getState());
        for (int k : new int[] {26, 2000, Integer.MAX_VALUE, -1}) {
            SearchResponse found =
                    search.search(asked(0, 400).setBank("few").setK(k).build());
            assertEquals(25, found.getFound(399).getHitsCount());
            assertEquals(
                    List.of("k: %s is more than the 25 rows of the bank few, so all of them are used"
                            .formatted(Integer.toUnsignedString(k))),
                    found.getNotesList());
        }
        SearchRequest.Builder enough = asked(0, 1).setBank("few");
        assertEquals(List.of(), search.search(enough.setK(25).build()).getNotesList());
        assertEquals(List.of(), search.search(enough.clearK().build()).getNotesList());
        ClassifyRequest.Builder votes = ClassifyRequest.newBuilder().setQueries(enough);
        assertEquals(25, search.classify(votes.build()).getRules(4).getK());
        ClassifyResponse verdicts =
                search.classify(votes.addRules(VoteRule.newBuilder().setK(3))
                        .addRules(VoteRule.newBuilder().setK(2000))
                        .build());
        assertEquals(25, verdicts.getRules(1).getK());
        assertEquals("one", verdicts.getVerdicts(0).getLabels(1));
        assertEquals(
                List.of("rules[1].k: 2000 is more than the 25 rows of the bank few, so all of them are used"),
                verdicts.getNotesList());
        search.deleteBank(DeleteBankRequest.newBuilder().setName("few").build());
    }

    private static String majority(List<Long> near) {
        var votes = near.stream().collect(Collectors.groupingBy(id -> id % CLASSES, Collectors.counting()));
        long most = votes.values().stream().max(Long::compare).orElseThrow();
        long winner = near.stream()
                .map(id -> id % CLASSES)
                .filter(c -> votes.get(c) == most)
                .findFirst()
                .orElseThrow();
        return "class " + winner;
    }

    private static void refused(Status.Code code, String words, SearchRequest.Builder request) {
        StatusRuntimeException refusal =
                assertThrows(StatusRuntimeException.class, () -> search.search(request.build()));
        assertEquals(code, refusal.getStatus().getCode(), refusal.getMessage());
        assertTrue(refusal.getMessage().contains(words), refusal.getMessage());
    }

    @Test
    void aWrongQueryIsRefusedWithItsNumbers() {
        refused(Status.Code.NOT_FOUND, "nobody", asked(0, 1).setBank("nobody"));
        refused(
                Status.Code.INVALID_ARGUMENT,
                "1025 is out of bounds; choose 1 to 1024",
                asked(0, 1).setK(1025));
        refused(Status.Code.INVALID_ARGUMENT, "0 is out of bounds", asked(0, 1).setK(0));
        refused(
                Status.Code.INVALID_ARGUMENT,
                "80 bytes are no queries of 19 features",
                asked(0, 1).setVectors(ByteString.copyFrom(new byte[80])));
        refused(
                Status.Code.INVALID_ARGUMENT,
                "query 0 has length 0",
                asked(0, 1).setVectors(ByteString.copyFrom(new byte[4 * DIMENSION])));
        refused(Status.Code.INVALID_ARGUMENT, "0 kinds are given", asked(0, 1).clearVectors());
        refused(
                Status.Code.INVALID_ARGUMENT,
                "400 queries with 1024 neighbours each are too many",
                asked(0, 400).setK(1024));
        SearchRequest.Builder nan = asked(0, 1).clearVectors();
        for (int d = 0; d < DIMENSION; d++) {
            nan.addValues(d == 4 ? Float.NaN : 1);
        }
        refused(Status.Code.INVALID_ARGUMENT, "query 0 has NaN at feature 4", nan);
        refused(
                Status.Code.FAILED_PRECONDITION,
                "images can't be asked with",
                asked(0, 1).clearVectors().addImages(ByteString.copyFromUtf8("x")));
    }

    @Test
    void aDeadlineThatHasPassedEndsTheCall() {
        StatusRuntimeException late = assertThrows(
                StatusRuntimeException.class,
                () -> search.withDeadlineAfter(1, TimeUnit.MICROSECONDS)
                        .search(asked(0, 400).build()));
        assertEquals(Status.Code.DEADLINE_EXCEEDED, late.getStatus().getCode());
    }

    @Test
    void aBankOfAMissingFileFailsAndSaysWhy() {
        CreateBankRequest.Builder request = CreateBankRequest.newBuilder().setName("absent");
        request.getSourceBuilder().getFeaturesBuilder().setFeatures("/nowhere/features.npy");
        search.createBank(request.build());
        BankStatus status = made(search, "absent");
        assertEquals(BankStatus.State.FAILED, status.getState());
        assertTrue(status.getReason().contains("/nowhere/features.npy"), status.getReason());
        StatusRuntimeException twice =
                assertThrows(StatusRuntimeException.class, () -> search.createBank(request.build()));
        assertEquals(Status.Code.ALREADY_EXISTS, twice.getStatus().getCode());
        search.deleteBank(DeleteBankRequest.newBuilder().setName("absent").build());
    }

    @Test
    void aDeletedBankLeavesNothing() throws IOException {
        search.createBank(request("brief").build());
        made(search, "brief");
        Path own = folder.resolve("banks").resolve("brief");
        assertTrue(Files.exists(own.resolve("shard-0.bank")));
        search.deleteBank(DeleteBankRequest.newBuilder().setName("brief").build());
        assertTrue(Files.notExists(own));
        refused(Status.Code.NOT_FOUND, "brief", asked(0, 1).setBank("brief"));
        List<String> names = search.listBanks(ListBanksRequest.getDefaultInstance()).getBanksList().stream()
                .map(BankStatus::getName)
                .toList();
        assertTrue(!names.contains("brief") && names.contains("bank"), names.toString());
    }

    @Test
    void aRestartedCoordinatorReadsTheShardsInsteadOfMakingThem() throws IOException {
        search.createBank(request("lasting").setShards(2).build());
        made(search, "lasting");
        SearchRequest request = asked(0, 30).setBank("lasting").build();
        List<Found> before = search.search(request).getFoundList();
        Files.delete(folder.resolve("lasting.npy"));
        try (EmbeddedNode again = started()) {
            SearchResponse after = SearchGrpc.newBlockingStub(again.client().channel())
                    .withDeadlineAfter(60, TimeUnit.SECONDS)
                    .search(request);
            assertEquals(before, after.getFoundList());
        }
    }
}
