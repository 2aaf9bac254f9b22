package org.simreg.coordinator.control;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.simreg.coordinator.job.CoordinatorSettings;
import org.simreg.proto.Hello;
import org.simreg.proto.Order;
import org.simreg.proto.Refused;
import org.simreg.proto.WorkerStatus;

/** The silence of workers while the coordinator's own thread is held up, as by a slow disk. */
class SilenceTest {
    private long now = 1_000_000;
    private final Coordinator coordinator = new Coordinator(
            new CoordinatorSettings(World.VERSION, Path.of("/base"), World.TIMES, () -> now, Runnable::run),
            new MemoryStore(),
            new MemoryFolders());
    private final WorkerService.In one = attend("one");
    private final WorkerService.In two = attend("two");

    private WorkerService.In attend(String name) {
        Hello hello = Hello.newBuilder()
                .setWorker(name)
                .setIncarnation("first")
                .setVersion(World.VERSION)
                .build();
        return coordinator.attend(hello, new WorkerService.Out() {
            @Override
            public void send(Order order) {}

            @Override
            public void end(Refused reason) {}
        });
    }

    private List<String> attending() {
        return coordinator.workers().getWorkersList().stream()
                .map(WorkerStatus::getWorker)
                .toList();
    }

    private void heldUp(long ms, Runnable meanwhile) {
        now += ms / 2;
        meanwhile.run();
        now += ms / 2;
        coordinator.tick();
    }

    @Test
    void whoSpokeMeanwhileIsThereAndWhoDidNotIsLostHoweverSlowTheDiskIs() {
        heldUp(100, () -> {});
        heldUp(1000, one::heard);
        assertEquals(List.of("one", "two"), attending());
        heldUp(1000, one::heard);
        assertEquals(List.of("one"), attending());
        heldUp(4000, one::heard);
        assertEquals(List.of("one"), attending());
    }

    @Test
    void nobodyIsLostBecauseTheProcessStoodStill() {
        heldUp(100, () -> {});
        heldUp(20_000, () -> {});
        assertEquals(List.of("one", "two"), attending());
        heldUp(1400, two::heard);
        assertEquals(List.of("one", "two"), attending());
        heldUp(400, two::heard);
        assertEquals(List.of("two"), attending());
    }
}
