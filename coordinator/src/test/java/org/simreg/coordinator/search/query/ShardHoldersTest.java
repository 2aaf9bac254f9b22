package org.simreg.coordinator.search.query;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.simreg.coordinator.search.query.FakeSearchWorkers.ONE;
import static org.simreg.coordinator.search.query.FakeSearchWorkers.TWO;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.simreg.coordinator.search.query.FakeSearchWorkers.Asked;
import org.simreg.proto.ShardFile;

/** Orders to hold a shard, each of which stands for a while. */
class ShardHoldersTest {
    private static final long BEGIN = 5_000_000;
    private static final ShardFile FIRST =
            ShardFile.newBuilder().setShard(0).setRows(10).build();
    private static final ShardFile SECOND =
            ShardFile.newBuilder().setShard(1).setRows(10).build();

    private final FakeSearchWorkers searchWorkers = new FakeSearchWorkers();
    private final ShardHolders holders = new ShardHolders(searchWorkers, List.of(FIRST, SECOND), 1);

    private void workersChanged(long after, SearchWorkers.Worker... workers) {
        holders.workersChanged(List.of(workers), Map.of(), BEGIN + after);
    }

    @Test
    void anOrderIsGivenOnceWhileItsWorkerOpens() {
        workersChanged(0, ONE, TWO);
        List<Asked> orders = searchWorkers.asked();
        assertEquals(List.of(ONE, TWO), orders.stream().map(Asked::worker).toList());
        assertEquals(FIRST, orders.get(0).order().getHold());
        assertEquals(SECOND, orders.get(1).order().getHold());
        workersChanged(300, ONE, TWO);
        workersChanged(599_999, ONE, TWO);
        assertEquals(List.of(), searchWorkers.asked());
        assertEquals(2, holders.missing());
        orders.forEach(Asked::holds);
        assertEquals(0, holders.missing());
    }

    @Test
    void anOrderThatIsNeverAnsweredRunsOutAndIsRenewed() {
        workersChanged(0, ONE);
        assertEquals(2, searchWorkers.asked().size());
        workersChanged(600_000, ONE);
        List<Asked> renewed = searchWorkers.asked();
        assertEquals(2, renewed.size());
        renewed.forEach(Asked::holds);
        assertEquals(0, holders.missing());
        workersChanged(1_200_000, ONE);
        assertEquals(List.of(), searchWorkers.asked());
    }

    @Test
    void aWorkerThatCannotOpenAShardIsAskedAgainAfterAPause() {
        workersChanged(0, ONE);
        searchWorkers.asked().forEach(order -> order.fails("no memory"));
        assertEquals("w1: no memory", holders.trouble());
        workersChanged(4_999, ONE);
        assertEquals(List.of(), searchWorkers.asked());
        workersChanged(5_000, ONE);
        assertEquals(2, searchWorkers.asked().size());
    }

    @Test
    void theShardsOfAWorkerThatIsLostAreHeldByAnother() {
        workersChanged(0, ONE, TWO);
        searchWorkers.asked().forEach(Asked::holds);
        workersChanged(300, TWO);
        Asked moved = searchWorkers.one();
        assertEquals(TWO, moved.worker());
        assertEquals(FIRST, moved.order().getHold());
        assertFalse(holders.isOpen(ONE, 0));
        assertEquals(1, holders.missing());
        assertEquals(List.of(FIRST, SECOND), holders.wanted(TWO));
        moved.holds();
        assertEquals(0, holders.missing());
    }

    @Test
    void anAnswerOfAWorkerThatIsLostCountsForNothing() {
        workersChanged(0, ONE);
        List<Asked> orders = searchWorkers.asked();
        workersChanged(300, TWO);
        searchWorkers.asked();
        orders.forEach(Asked::holds);
        assertEquals(2, holders.missing());
        // Back again as another process, it has nothing open.
        workersChanged(600, TWO, new SearchWorkers.Worker(ONE.name(), "again", ONE.memory()));
        assertEquals(2, holders.missing());
    }

    @Test
    void aWorkerKeepsAShardUntilItsNewHolderHasItOpen() {
        workersChanged(0, ONE);
        searchWorkers.asked().forEach(Asked::holds);
        workersChanged(300, ONE, TWO);
        Asked moved = searchWorkers.one();
        assertEquals(TWO, moved.worker());
        ShardFile shard = moved.order().getHold();
        assertTrue(holders.wanted(ONE).contains(shard));
        moved.holds();
        assertFalse(holders.wanted(ONE).contains(shard));
        holders.closed(ONE);
        assertFalse(holders.isOpen(ONE, shard.getShard()));
        assertTrue(holders.isOpen(TWO, shard.getShard()));
    }

    @Test
    void loadsAreTheRowsThatWorkersAreToHold() {
        workersChanged(0, ONE, TWO);
        Map<SearchWorkers.Worker, Long> loads = new TreeMap<>(Map.of(ONE, 5L));
        holders.addLoads(loads);
        assertEquals(Map.of(ONE, 15L, TWO, 10L), loads);
    }
}
