package org.simreg.worker.member.generation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.CheckpointHeader;
import org.simreg.worker.engine.torchscript.StudentNetwork;
import org.simreg.worker.engine.torchscript.StudentState;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Op;
import org.simreg.worker.train.student.RunCheckpoint;
import org.simreg.worker.train.student.RunCheckpoint.Snapshot;

@Timeout(60)
class CheckpointSenderTest {
    @TempDir
    Path folder;

    private final FakeStore store = new FakeStore();
    private final CheckpointSender sender = new CheckpointSender("job", store);

    /** A coordinator that may be away. */
    private static final class FakeStore implements CheckpointStore {
        private final List<CheckpointHeader> stored = new CopyOnWriteArrayList<>();
        private final List<byte[]> bytes = new CopyOnWriteArrayList<>();
        private final CountDownLatch missed = new CountDownLatch(1);
        private volatile boolean away;

        @Override
        public void put(CheckpointHeader header, Content content) {
            if (away) {
                missed.countDown();
                throw new Unreachable("the coordinator is away", null);
            }
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            try {
                content.writeTo(out);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            stored.add(header);
            bytes.add(out.toByteArray());
        }

        @Override
        public void get(String job, long step, Path file) {
            throw new AssertionError("nothing is read back here");
        }

        private List<Long> steps() {
            return stored.stream().map(CheckpointHeader::getStep).toList();
        }
    }

    private static Snapshot still(long step) {
        StudentNetwork trained = StudentNetwork.regression(linear(5, 4), List.of(linear(4, 3)));
        StudentState.Layout layout = new StudentState.Layout(trained, List.of("momentum"), false);
        StudentState state = layout.zeros();
        state.weights()[0] = step;
        return new Snapshot(step, new RunCheckpoint.Origin("{}", "still", 1), state, layout);
    }

    private static NetworkGraph linear(int in, int out) {
        return new NetworkGraph("still", List.of(new NetworkGraph.Node("0", new Op.Linear(in, out), 0, -1)), in, out);
    }

    @Test
    void trainingGoesOnOverCheckpointsThatNobodyTakesAndTheNewestIsStored() throws Exception {
        store.away = true;
        sender.send(still(7), 1);
        store.missed.await();
        sender.send(still(14), 1);
        sender.send(still(21), 1);
        store.away = false;
        assertTrue(sender.await());
        assertEquals(List.of(21L), store.steps());
    }

    @Test
    void whileTheCoordinatorIsThereEveryCheckpointIsStored() {
        for (long step = 1; step <= 20; step++) {
            sender.send(still(step), 1);
        }
        assertTrue(sender.await());
        assertEquals(20, store.stored.size());
        sender.close();
    }

    @Test
    void aJobThatIsDroppedWaitsForNobody() throws Exception {
        store.away = true;
        sender.send(still(7), 1);
        store.missed.await();
        sender.cancel();
        assertFalse(sender.await());
        sender.send(still(8), 1);
        assertFalse(sender.await());
        sender.close();
        assertEquals(List.of(), store.steps());
    }

    @Test
    void theBytesThatAreSentAreThoseOfTheFileAndTheirHeaderSaysSo() throws Exception {
        Snapshot snapshot = still(3);
        sender.send(snapshot, 9);
        assertTrue(sender.await());
        Path file = folder.resolve("step.safetensors");
        snapshot.write(file);
        byte[] written = Files.readAllBytes(file);
        assertArrayEquals(written, store.bytes.get(0));
        CRC32C crc = new CRC32C();
        crc.update(written);
        CheckpointHeader header = store.stored.get(0);
        assertEquals(written.length, header.getLength());
        assertEquals((int) crc.getValue(), header.getCrc32C());
        assertEquals(snapshot.sha256(), header.getSha256());
        assertEquals(9, header.getGeneration());
    }
}
