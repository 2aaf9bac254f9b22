package org.simreg.coordinator.control;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.simreg.proto.Hello;
import org.simreg.proto.Order;
import org.simreg.proto.Refused;
import org.simreg.proto.SubmitRequest;
import org.simreg.proto.WorkerStatus;

/** The coordinator's listeners: called at every change, and at nothing else. */
class ListenersTest {
    private final World world = new World(1);
    private final List<List<String>> heard = new ArrayList<>();
    private final List<List<String>> others = new ArrayList<>();

    ListenersTest() {
        world.coordinator().whenChanged(workers -> heard.add(names(workers)));
        world.coordinator().whenChanged(workers -> others.add(names(workers)));
    }

    private static List<String> names(List<WorkerStatus> workers) {
        return workers.stream().map(WorkerStatus::getWorker).toList();
    }

    private WorkerService.In attend(String name) {
        Hello hello = Hello.newBuilder()
                .setWorker(name)
                .setIncarnation("first")
                .setVersion(World.VERSION)
                .build();
        return world.coordinator().attend(hello, new WorkerService.Out() {
            @Override
            public void send(Order order) {}

            @Override
            public void end(Refused reason) {}
        });
    }

    @Test
    void workersAreToldAtOnceWhenTheyComeAndGo() {
        WorkerService.In one = attend("one");
        assertEquals(List.of(List.of("one")), heard);
        attend("two");
        assertEquals(List.of("one", "two"), heard.get(1));
        one.lost("its stream broke");
        assertEquals(List.of("two"), heard.get(2));
        assertEquals(3, heard.size());
        assertEquals(heard, others);
    }

    @Test
    void timeThatPassesIsNoChange() {
        attend("one");
        heard.clear();
        world.coordinator().tick();
        world.coordinator().tick();
        assertEquals(List.of(), heard);
    }

    @Test
    void aJobThatAsksForWorkersIsAChange() {
        world.coordinator()
                .submit(SubmitRequest.newBuilder().setJob(World.job("asks")).build());
        assertEquals(List.of(List.of()), heard);
    }
}
