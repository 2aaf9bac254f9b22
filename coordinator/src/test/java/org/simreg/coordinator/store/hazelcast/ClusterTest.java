package org.simreg.coordinator.store.hazelcast;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Parser;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.IMap;
import com.hazelcast.nio.serialization.HazelcastSerializationException;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.eventbus.EventBusOptions;
import io.vertx.spi.cluster.hazelcast.HazelcastClusterManager;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.Serializable;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.store.JournaledJobs;
import org.simreg.coordinator.store.JournaledJobsTest;
import org.simreg.proto.BankRecord;
import org.simreg.proto.JobRecord;
import org.simreg.proto.WorkerStatus;

class ClusterTest {
    @TempDir
    Path temporary;

    private final List<Vertx> open = new ArrayList<>();

    private record Node(Vertx vertx, HazelcastInstance cluster) {}

    private static HazelcastJobs jobs(Node node) {
        return new HazelcastJobs(node.cluster, record -> Optional.empty());
    }

    @AfterEach
    void leave() {
        open.forEach(ClusterTest::close);
    }

    @Test
    void aRecordOutlivesTheCoordinatorThatWroteItAndItsDisk() throws Exception {
        List<Node> nodes = three();
        HazelcastJobs published = jobs(nodes.get(0));
        try (JournaledJobs jobs = JournaledJobs.open(temporary.resolve("first"), Optional.of(published))) {
            jobs.save(JournaledJobsTest.record("a", 1));
            jobs.save(JournaledJobsTest.record("a", 2));
            jobs.save(JournaledJobsTest.record("b", 7));
        }
        await(() -> published.load().size() == 2);
        open.remove(nodes.get(0).vertx);
        close(nodes.get(0).vertx);
        HazelcastJobs others = jobs(nodes.get(1));
        Path second = temporary.resolve("second");
        try (JournaledJobs jobs = JournaledJobs.open(second, Optional.of(others))) {
            assertEquals(
                    Set.of(JournaledJobsTest.record("a", 2), JournaledJobsTest.record("b", 7)),
                    Set.copyOf(jobs.load()));
        }
        // What came from the cluster is in the journal now.
        try (JournaledJobs jobs = JournaledJobs.open(second, Optional.empty())) {
            assertEquals(2, jobs.load().size());
        }
    }

    @Test
    void ofTwoRecordsTheHigherVersionHoldsWhereverItIs() throws Exception {
        List<Node> nodes = three();
        HazelcastJobs published = jobs(nodes.get(0));
        published.publish(JournaledJobsTest.record("a", 3));
        published.publish(JournaledJobsTest.record("b", 3));
        await(() -> published.load().size() == 2);
        try (JournaledJobs journal = JournaledJobs.open(temporary, Optional.empty())) {
            journal.save(JournaledJobsTest.record("a", 2));
            journal.save(JournaledJobsTest.record("b", 4));
        }
        Set<JobRecord> newest = Set.of(JournaledJobsTest.record("a", 3), JournaledJobsTest.record("b", 4));
        try (JournaledJobs jobs = JournaledJobs.open(temporary, Optional.of(published))) {
            assertEquals(newest, Set.copyOf(jobs.load()));
        }
        HazelcastJobs seen = jobs(nodes.get(2));
        await(() -> newest.equals(Set.copyOf(seen.load())));
        // An old record that arrives late changes nothing.
        published.publish(JournaledJobsTest.record("b", 1));
        published.publish(JournaledJobsTest.record("c", 1));
        await(() -> seen.load().size() == 3);
        assertEquals(4, version(seen, "b"));
    }

    @Test
    void aDeadClusterKeepsNothingFromTheJournal() throws Exception {
        Node alone = start(freePorts(1), 0);
        HazelcastJobs published = jobs(alone);
        try (JournaledJobs jobs = JournaledJobs.open(temporary, Optional.of(published))) {
            alone.cluster.getLifecycleService().terminate();
            jobs.save(JournaledJobsTest.record("a", 1));
            assertEquals(List.of(JournaledJobsTest.record("a", 1)), List.copyOf(jobs.load()));
        }
    }

    /** What an attacker would have made of bytes; not in a room of Hazelcast's or Java's. */
    public static final class Gadget implements Serializable {
        private static final long serialVersionUID = 1;
        private static final AtomicInteger MADE = new AtomicInteger();

        private void readObject(ObjectInputStream in) {
            MADE.incrementAndGet();
        }
    }

    @Test
    void noObjectOfJavaIsMadeOfBytes() throws Exception {
        Node alone = start(freePorts(1), 0);
        IMap<String, Object> map = alone.cluster.getMap("anything");
        map.set("gadget", new Gadget());
        HazelcastSerializationException refused =
                assertThrows(HazelcastSerializationException.class, () -> map.get("gadget"));
        assertTrue(refused.toString().contains("is not allowed"), refused.toString());
        assertEquals(0, Gadget.MADE.get());
    }

    @Test
    void aClientIsNotServedThoughItKnowsTheName() throws Exception {
        int[] ports = freePorts(1);
        start(ports, 0);
        // It hangs up after some seconds: both at once.
        try (Socket client = connected(ports[0]);
                Socket browser = connected(ports[0])) {
            client.getOutputStream().write(("CP2" + "\0".repeat(64)).getBytes(StandardCharsets.US_ASCII));
            browser.getOutputStream()
                    .write("GET /hazelcast/health HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            // Members say their protocol first.
            assertTrue(said(client).length() <= 3);
            assertTrue(said(browser).length() <= 3);
        }
    }

    private static Socket connected(int port) throws IOException {
        Socket socket = new Socket("127.0.0.1", port);
        socket.setSoTimeout(20_000);
        return socket;
    }

    /** What comes until the other side hangs up, which may be a reset. */
    private static String said(Socket socket) throws IOException {
        try {
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        } catch (SocketException reset) {
            return "";
        }
    }

    @Test
    void aRecordThatOthersCouldHaveWrittenIsChecked() throws Exception {
        Node alone = start(freePorts(1), 0);
        IMap<String, byte[]> map = alone.cluster.getMap(HazelcastJobs.MAP);
        map.set("a", JournaledJobsTest.record("b", 1).toByteArray());
        map.set("junk", new byte[] {1, 2, 3});
        map.set("large", new byte[2 << 20]);
        map.set("c", JournaledJobsTest.record("c", 1).toByteArray());
        map.set("d", JournaledJobsTest.record("d", 1).toByteArray());
        HazelcastJobs checked = new HazelcastJobs(
                alone.cluster, record -> record.getId().equals("d") ? Optional.of("no") : Optional.empty());
        assertEquals(List.of(JournaledJobsTest.record("c", 1)), List.copyOf(checked.load()));
    }

    @Test
    void workersAreSeenFromEverywhere() throws Exception {
        List<Node> nodes = three();
        HazelcastRecords<WorkerStatus> registry = HazelcastRecords.workers(nodes.get(0).cluster);
        Supplier<List<WorkerStatus>> seen =
                () -> published(nodes.get(2).cluster, HazelcastRecords.WORKERS, WorkerStatus.parser());
        WorkerStatus worker =
                WorkerStatus.newBuilder().setWorker("w1").setDevice("cpu").build();
        registry.publish("w1", Optional.of(worker));
        await(() -> seen.get().equals(List.of(worker)));
        registry.publish("w1", Optional.empty());
        await(() -> seen.get().isEmpty());
    }

    @Test
    void ofAllRecordsThoseThatAreGoneAreRemoved() throws Exception {
        Node alone = start(freePorts(1), 0);
        HazelcastRecords<BankRecord> banks = HazelcastRecords.banks(alone.cluster);
        Supplier<List<BankRecord>> seen = () -> published(alone.cluster, HazelcastRecords.BANKS, BankRecord.parser());
        BankRecord one = BankRecord.newBuilder().setName("one").setRows(1).build();
        BankRecord two = BankRecord.newBuilder().setName("two").build();
        banks.publishAll(Map.of("one", one, "two", two));
        await(() -> Set.copyOf(seen.get()).equals(Set.of(one, two)));
        BankRecord changed = one.toBuilder().setRows(2).build();
        banks.publishAll(Map.of("one", changed));
        await(() -> seen.get().equals(List.of(changed)));
        // What nobody else writes isn't written again.
        banks.publish("one", Optional.empty());
        await(() -> seen.get().isEmpty());
        banks.publishAll(Map.of("one", changed, "two", two));
        await(() -> seen.get().equals(List.of(two)));
    }

    @Test
    void theEventBusReachesTheOthers() throws Exception {
        List<Node> nodes = three();
        nodes.get(2)
                .vertx
                .eventBus()
                .<String>consumer("greeting", message -> message.reply(message.body() + " too"))
                .completion()
                .await();
        assertEquals(
                "hello too",
                nodes.get(0)
                        .vertx
                        .eventBus()
                        .<String>request("greeting", "hello")
                        .await()
                        .body());
    }

    private static <T> List<T> published(HazelcastInstance cluster, String map, Parser<T> parser) {
        List<T> records = new ArrayList<>();
        for (byte[] bytes : cluster.<String, byte[]>getMap(map).values()) {
            try {
                records.add(parser.parseFrom(bytes));
            } catch (InvalidProtocolBufferException e) {
                throw new AssertionError("no record of " + map, e);
            }
        }
        return records;
    }

    private List<Node> three() throws Exception {
        int[] ports = freePorts(3);
        List<Node> nodes = List.of(start(ports, 0), start(ports, 1), start(ports, 2));
        for (Node node : nodes) {
            await(() -> node.cluster.getCluster().getMembers().size() == 3);
        }
        return nodes;
    }

    private Node start(int[] ports, int which) throws Exception {
        List<String> peers = new ArrayList<>();
        for (int port : ports) {
            peers.add("127.0.0.1:" + port);
        }
        ClusterAddress settings =
                new ClusterAddress("test-" + ports[0], "127.0.0.1", ports[which], peers, Optional.empty());
        HazelcastClusterManager manager = new HazelcastClusterManager(ClusterConfig.of(settings));
        Vertx vertx = Vertx.builder()
                .with(new VertxOptions().setEventBusOptions(new EventBusOptions().setHost(settings.host())))
                .withClusterManager(manager)
                .buildClustered()
                .toCompletionStage()
                .toCompletableFuture()
                .get(60, TimeUnit.SECONDS);
        open.add(vertx);
        return new Node(vertx, manager.getHazelcastInstance());
    }

    /** Below those that the system gives to connections, which other tests open meanwhile. */
    private static int[] freePorts(int count) {
        return new SplittableRandom()
                .ints(20_000, 32_000)
                .distinct()
                .filter(ClusterTest::free)
                .limit(count)
                .toArray();
    }

    private static boolean free(int port) {
        try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort() == port;
        } catch (IOException taken) {
            return false;
        }
    }

    private static long version(HazelcastJobs jobs, String id) {
        return jobs.load().stream()
                .filter(job -> job.getId().equals(id))
                .findFirst()
                .orElseThrow()
                .getVersion();
    }

    private static void close(Vertx vertx) {
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }

    private static void await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("waited a minute for the cluster");
            }
            Thread.onSpinWait();
        }
    }
}
