package org.simreg.worker.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.simreg.proto.CheckpointHeader;
import org.simreg.worker.distill.Training.Snapshot;
import org.simreg.worker.torchscript.StudentState;

@Timeout(60)
class CheckpointWriterTest {
    private final Road road = new Road();
    private final CheckpointWriter writer = new CheckpointWriter("job", road);

    /** A coordinator that may be away. */
    private static final class Road implements CheckpointRoad {
        private final List<Long> stored = new CopyOnWriteArrayList<>();
        private final CountDownLatch missed = new CountDownLatch(1);
        private volatile boolean away;

        @Override
        public void put(CheckpointHeader header, Path file) {
            if (away) {
                missed.countDown();
                throw new Unreachable("the coordinator is away", null);
            }
            stored.add(header.getStep());
        }

        @Override
        public void get(String job, long step, Path file) {
            throw new AssertionError("nothing is read back here");
        }
    }

    private record Still(long step) implements Snapshot {
        @Override
        public StudentState state() {
            return new StudentState(new float[0], new float[0], new float[0], new float[0]);
        }

        @Override
        public String sha256() {
            return "";
        }

        @Override
        public void write(Path file) {
            try {
                Files.writeString(file, "step " + step);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    @Test
    void trainingGoesOnOverCheckpointsThatNobodyTakesAndTheNewestIsStored() throws Exception {
        road.away = true;
        writer.write(new Still(7), 1);
        road.missed.await();
        writer.write(new Still(14), 1);
        writer.write(new Still(21), 1);
        road.away = false;
        assertTrue(writer.await());
        assertEquals(List.of(21L), road.stored);
    }

    @Test
    void whileTheCoordinatorIsThereEveryCheckpointIsStored() {
        for (long step = 1; step <= 20; step++) {
            writer.write(new Still(step), 1);
        }
        assertTrue(writer.await());
        assertEquals(20, road.stored.size());
        writer.close();
    }

    @Test
    void aJobThatIsDroppedWaitsForNobody() throws Exception {
        road.away = true;
        writer.write(new Still(7), 1);
        road.missed.await();
        writer.cancel();
        assertFalse(writer.await());
        writer.write(new Still(8), 1);
        assertFalse(writer.await());
        writer.close();
        assertEquals(List.of(), road.stored);
    }
}
