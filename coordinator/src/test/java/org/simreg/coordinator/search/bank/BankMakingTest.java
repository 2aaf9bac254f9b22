package org.simreg.coordinator.search.bank;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.search.query.FakeSearchWorkers;
import org.simreg.coordinator.search.query.FakeTimers;
import org.simreg.proto.BankRecord;
import org.simreg.proto.BankStatus;
import org.simreg.proto.CreateBankRequest;
import org.simreg.proto.Roots;
import org.simreg.worker.base.concurrent.NamedThreads;
import org.simreg.worker.base.concurrent.WatchedPool;

/** Banks of files that are traps, and banks whose own files are damaged: each fails alone, with a sentence. */
@Timeout(60)
class BankMakingTest {
    private static final int ROWS = 30;

    @TempDir
    Path folder;

    private final ExecutorService search = NamedThreads.one("search");
    private final CountDownLatch hang = new CountDownLatch(1);
    private WatchedPool making = new WatchedPool("making", 2, WatchedPool.PATIENCE);
    private final WatchedPool reads = new WatchedPool("reads", 2, WatchedPool.PATIENCE);
    private volatile boolean hangs;
    private Roots roots = Roots.ANYWHERE;
    private Banks banks;

    @AfterEach
    void close() throws Exception {
        hang.countDown();
        on(() -> {
            banks.close();
            return null;
        });
        making.close();
        reads.close();
        // What the pools gave to this thread may still write.
        search.shutdown();
        assertTrue(search.awaitTermination(30, TimeUnit.SECONDS));
    }

    /** Runs on the banks' thread; making's threads wait before that where a test says so. */
    private void execute(Runnable task) {
        if (hangs && Thread.currentThread().getName().startsWith("making")) {
            try {
                hang.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
        search.execute(task);
    }

    private <T> T on(Supplier<T> task) throws Exception {
        return search.submit(task::get).get(30, TimeUnit.SECONDS);
    }

    private void start() throws Exception {
        banks = new Banks(
                new Banks.Setup(
                        folder.resolve("banks"),
                        folder.resolve("index"),
                        this::execute,
                        making,
                        reads,
                        Runnable::run,
                        Banks.Publishing.NOWHERE,
                        roots),
                new FakeTimers(),
                new FakeSearchWorkers());
        on(() -> {
            banks.start();
            return null;
        });
    }

    private CreateBankRequest.Builder request(String name) throws IOException {
        CreateBankRequest.Builder request = CreateBankRequest.newBuilder().setName(name);
        Path features = Features.random(3, ROWS, 4).npy(folder.resolve(name + ".npy"));
        request.getSourceBuilder().getFeaturesBuilder().setFeatures(features.toString());
        return request;
    }

    private void create(CreateBankRequest.Builder request) throws Exception {
        on(() -> banks.create(request.build())).toCompletableFuture().get(30, TimeUnit.SECONDS);
    }

    private BankStatus made(String name) throws Exception {
        CompletableFuture<BankStatus> made = new CompletableFuture<>();
        on(() -> banks.watch(
                name,
                status -> status.filter(one -> one.getState() != BankStatus.State.CREATING)
                        .ifPresent(made::complete)));
        return made.get(30, TimeUnit.SECONDS);
    }

    private String failure(CreateBankRequest.Builder request) throws Exception {
        create(request);
        BankStatus status = made(request.getName());
        assertEquals(BankStatus.State.FAILED, status.getState(), status.toString());
        return status.getReason();
    }

    private BankRecord record(String name) throws IOException {
        return BankRecord.parseFrom(
                Files.readAllBytes(folder.resolve("banks").resolve(name).resolve("bank.pb")));
    }

    private Path recordFile(String name, byte[] bytes) throws IOException {
        Path own = Files.createDirectories(folder.resolve("banks").resolve(name));
        return Files.write(own.resolve("bank.pb"), bytes);
    }

    private Path hole(String name, byte[] begin, long length) throws IOException {
        Path file = folder.resolve(name);
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.write(begin);
            sparse.setLength(length);
        }
        return file;
    }

    /** A matrix of that shape, all of it zero, which takes no room. */
    private Path emptyMatrix(int rows, int dimension) throws IOException {
        String head = "{'descr': '<f2', 'fortran_order': False, 'shape': (%d, %d), }".formatted(rows, dimension);
        byte[] text = ("\u0093NUMPY\u0001\u0000" + (char) head.length() + "\u0000" + head)
                .getBytes(StandardCharsets.ISO_8859_1);
        return hole("hole.npy", text, text.length + 2L * rows * dimension);
    }

    @Test
    void banksOfPipesFailAndHoldNothing() throws Exception {
        start();
        Path pipe = folder.resolve("pipe");
        assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
        for (int i = 0; i < 3; i++) {
            CreateBankRequest.Builder request = request("piped" + i);
            switch (i) {
                case 0 -> request.getSourceBuilder().getFeaturesBuilder().setFeatures(pipe.toString());
                case 1 -> request.getSourceBuilder().getFeaturesBuilder().setLabels(pipe.toString());
                default -> request.getSourceBuilder().getFeaturesBuilder().setFiles(pipe.toString());
            }
            String why = failure(request);
            assertTrue(why.contains(pipe + "") && why.contains("it is a pipe"), why);
        }
        create(request("good"));
        assertEquals(BankStatus.State.READY, made("good").getState());
    }

    @Test
    void labelsThatAreNothingButAHoleTakeNoMemory() throws Exception {
        start();
        Path labels = hole("labels", new byte[0], 6_000_000_000L);
        CreateBankRequest.Builder request = request("holes");
        request.getSourceBuilder().getFeaturesBuilder().setLabels(labels.toString());
        assertEquals(
                "Reading %s failed: its line 1 has more than 65536 bytes; check the disk and the right to read it"
                        .formatted(labels),
                failure(request));
    }

    @Test
    void aMatrixOfABillionRowsTakesNoMemory() throws Exception {
        start();
        Path labels = Files.writeString(folder.resolve("labels"), "a\nb\n");
        CreateBankRequest.Builder request = request("large");
        request.getSourceBuilder()
                .getFeaturesBuilder()
                .setFeatures(emptyMatrix(999_999_999, 1).toString())
                .setLabels(labels.toString());
        assertEquals(
                labels + " has 2 lines, but there are 999999999 rows of features; give a line a row", failure(request));
        request.setName("unlabelled").getSourceBuilder().getFeaturesBuilder().clearLabels();
        String unlabelled = failure(request);
        assertTrue(unlabelled.contains("id 0") && unlabelled.contains("no direction"), unlabelled);
        request.setName("wide")
                .getSourceBuilder()
                .getFeaturesBuilder()
                .setFeatures(emptyMatrix(100, 9_999_999).toString());
        String why = failure(request);
        assertTrue(why.contains("9999999 features, and a bank's have 65536 at most"), why);
    }

    @Test
    void aBankThatHasEndedTheProcessTwiceIsNotBegunAgain() throws Exception {
        start();
        create(request("good"));
        made("good");
        BankRecord good = record("good");
        assertEquals(0, good.getEndedMakings());
        BankRecord.Builder unmade = BankRecord.newBuilder()
                .setSource(good.getSource())
                .setState(BankStatus.State.CREATING)
                .setReplicas(1)
                .setVersion("v");
        recordFile("once", unmade.setName("once").setEndedMakings(1).build().toByteArray());
        recordFile("twice", unmade.setName("twice").setEndedMakings(2).build().toByteArray());
        on(() -> {
            banks.close();
            return null;
        });
        start();
        assertEquals(BankStatus.State.READY, made("once").getState());
        assertEquals(0, record("once").getEndedMakings());
        BankStatus status = made("twice");
        assertEquals(BankStatus.State.FAILED, status.getState());
        assertTrue(status.getReason().contains("process ended 2 times"), status.getReason());
        assertTrue(status.getReason().contains("good.npy"), status.getReason());
    }

    @Test
    void aMakingCountsUnlessTheProcessEndsInPeace() throws Exception {
        start();
        CountDownLatch wait = new CountDownLatch(1);
        for (int i = 0; i < 2; i++) {
            making.execute(() -> {
                try {
                    wait.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
        }
        create(request("slow"));
        assertEquals(1, record("slow").getEndedMakings(), "as a process that is killed now leaves it");
        on(() -> {
            banks.close();
            return null;
        });
        assertEquals(0, record("slow").getEndedMakings());
        wait.countDown();
    }

    @Test
    void aMakingThatHangsFailsItsBankOnly() throws Exception {
        making = new WatchedPool("making", 1, Duration.ofMillis(50));
        start();
        hangs = true;
        String why = failure(request("hanging"));
        assertTrue(why.startsWith("its files give no answer (" + folder.resolve("hanging.npy")), why);
        CompletableFuture<Void> next = new CompletableFuture<>();
        making.execute(() -> next.complete(null));
        next.get(30, TimeUnit.SECONDS);
    }

    @Test
    void damagedRecordsAreSetAsideByName() throws Exception {
        start();
        create(request("good"));
        made("good");
        on(() -> {
            banks.close();
            return null;
        });
        recordFile("empty", new byte[0]);
        recordFile("torn", new byte[] {10, 99, 1});
        Files.createDirectories(folder.resolve("banks/folder/bank.pb"));
        Files.createDirectories(folder.resolve("banks/hole"));
        hole("banks/hole/bank.pb", new byte[0], 6_000_000_000L);
        recordFile("moved", Files.readAllBytes(folder.resolve("banks/good/bank.pb")));
        recordFile(
                "nameless",
                record("good").toBuilder().setName("nameless").build().toByteArray());
        recordFile(
                "flat",
                record("good").toBuilder()
                        .setName("flat")
                        .setDimension(0)
                        .build()
                        .toByteArray());
        recordFile(
                "unnamed",
                record("good").toBuilder()
                        .setName("unnamed")
                        .setNamed(true)
                        .build()
                        .toByteArray());
        start();
        List<BankStatus> all = on(banks::list);
        assertEquals(
                List.of("empty", "flat", "folder", "good", "hole", "moved", "nameless", "torn", "unnamed"),
                all.stream().map(BankStatus::getName).toList());
        for (String name : List.of("empty", "torn", "folder", "hole", "moved", "flat", "unnamed")) {
            BankStatus status = on(() -> banks.describe(name));
            assertEquals(BankStatus.State.FAILED, status.getState(), name);
            assertTrue(status.getReason().length() > 10, status.toString());
        }
        assertTrue(on(() -> banks.describe("empty")).getReason().contains("banks/empty/bank.pb"));
        assertEquals(BankStatus.State.READY, on(() -> banks.describe("good")).getState());
        on(() -> {
            banks.delete("torn");
            return null;
        });
        assertTrue(Files.notExists(folder.resolve("banks/torn")));
    }

    @Test
    void aPathAboveTheRootsIsRefusedBeforeItIsLookedAt() throws Exception {
        roots = Roots.of(List.of(Files.createDirectories(folder.resolve("allowed"))));
        start();
        CreateBankRequest.Builder request = CreateBankRequest.newBuilder().setName("outside");
        request.getSourceBuilder()
                .getImagesBuilder()
                .setWeights(Files.createDirectories(folder.resolve("secret")).toString())
                .getDatasetBuilder()
                .addPath(folder.resolve("allowed").toString());
        String why = assertThrows(ExecutionException.class, () -> create(request))
                .getCause()
                .getMessage();
        assertTrue(why.contains("source.images.weights: " + folder.resolve("secret") + " is not below"), why);
    }
}
