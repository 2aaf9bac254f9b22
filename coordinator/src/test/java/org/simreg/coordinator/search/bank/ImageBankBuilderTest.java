package org.simreg.coordinator.search.bank;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.simreg.coordinator.search.query.FakeSearchWorkers.ONE;
import static org.simreg.coordinator.search.query.FakeSearchWorkers.TWO;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.simreg.coordinator.search.query.FakeSearchWorkers;
import org.simreg.coordinator.search.query.FakeSearchWorkers.Asked;
import org.simreg.coordinator.search.query.FakeTimers;
import org.simreg.coordinator.search.query.SearchWorkers;
import org.simreg.proto.BankRecord;
import org.simreg.proto.BankStatus;
import org.simreg.proto.EmbedOrder;
import org.simreg.proto.Embedded;
import org.simreg.proto.SearchReply;
import org.simreg.proto.ShardFile;

/** Parts of a bank, which workers embed. */
class ImageBankBuilderTest {
    private static final long BACK_MS = 15_000;

    private final FakeTimers timers = new FakeTimers();
    private final FakeSearchWorkers searchWorkers = new FakeSearchWorkers();
    private final List<String> heard = new ArrayList<>();
    private BankRecord record = record();
    private final ImageBankBuilder builder = new ImageBankBuilder(timers, searchWorkers, record, new Heard());

    private static BankRecord record() {
        BankRecord.Builder record = BankRecord.newBuilder().setName("bank").setVersion("v");
        BankBuilder.cut(record, 20, 2);
        return record.build();
    }

    private final class Heard implements ImageBankBuilder.Progress {
        @Override
        public void dimension(int features) {
            heard.add("dimension " + features);
        }

        @Override
        public void rowsEmbedded() {
            heard.add("more");
        }

        @Override
        public void embedded(int part, Embedded embedded) {
            heard.add("embedded " + part);
            BankRecord.Builder stored = record.toBuilder();
            stored.getPartsBuilder(part).setSha256(embedded.getStored().getSha256());
            record = stored.build();
            builder.record(record);
        }

        @Override
        public void failed(String reason) {
            heard.add("failed: " + reason);
        }
    }

    private static void reply(Asked asked, Embedded embedded) {
        asked.reply().complete(SearchReply.newBuilder().setEmbedded(embedded).build());
    }

    private static void rows(Asked asked, int rows) {
        reply(asked, Embedded.newBuilder().setRows(rows).build());
    }

    private static void stored(Asked asked) {
        ShardFile file = ShardFile.newBuilder().setSha256("1234").build();
        reply(asked, Embedded.newBuilder().setStored(file).build());
    }

    private List<Asked> tick() {
        builder.tick();
        return searchWorkers.asked();
    }

    private static List<Integer> parts(List<EmbedOrder> orders) {
        return orders.stream().map(EmbedOrder::getShard).toList();
    }

    @Test
    void everyTickRenewsWhatWorkersHave() {
        builder.workersChanged(List.of(ONE, TWO), List.of());
        for (int rows = 1; rows < 4; rows++) {
            List<Asked> asked = tick();
            assertEquals(List.of(ONE, TWO), asked.stream().map(Asked::worker).toList());
            assertEquals(0, asked.get(0).order().getEmbed().getShard());
            assertEquals(1, asked.get(1).order().getEmbed().getShard());
            rows(asked.get(0), rows);
        }
        assertEquals(List.of("more", "more", "more"), heard);
        assertEquals(List.of(0), parts(builder.wanted(ONE)));
        assertEquals(List.of(1), parts(builder.wanted(TWO)));
    }

    @Test
    void thePartOfAWorkerThatIsLostGoesToAnotherOnceItIsFree() {
        builder.workersChanged(List.of(ONE, TWO), List.of());
        List<Asked> asked = tick();
        builder.workersChanged(List.of(TWO), List.of());
        assertEquals(List.of(), builder.wanted(ONE));
        assertEquals(1, tick().size(), "the other one still has its own");
        stored(asked.get(1));
        Asked next = tick().get(0);
        assertEquals(TWO, next.worker());
        assertEquals(0, next.order().getEmbed().getShard());
        // Whatever the lost one says, the part is not its own any more.
        stored(asked.get(0));
        assertEquals(List.of("embedded 1"), heard);
        stored(next);
        assertEquals(List.of("embedded 1", "embedded 0"), heard);
        assertEquals(List.of(), tick());
    }

    @Test
    void aWorkerThatFailsGetsNothingMore() {
        builder.workersChanged(List.of(ONE, TWO), List.of());
        List<Asked> asked = tick();
        asked.get(0).fails("no such weights");
        List<Asked> left = tick();
        assertEquals(List.of(TWO), left.stream().map(Asked::worker).toList());
        stored(left.get(0));
        assertEquals(0, tick().get(0).order().getEmbed().getShard());
        assertEquals(List.of("embedded 1"), heard);
    }

    private static SearchWorkers.Worker again(SearchWorkers.Worker worker) {
        return new SearchWorkers.Worker(worker.name(), "started anew", worker.memory());
    }

    private void bothAreLost() {
        builder.workersChanged(List.of(ONE), List.of());
        rows(tick().get(0), 3);
        builder.workersChanged(List.of(TWO), List.of());
        rows(tick().get(0), 4);
        assertEquals(List.of("more", "more"), heard);
    }

    private void failed() {
        assertEquals(3, heard.size(), heard.toString());
        String why = heard.get(2);
        assertTrue(why.startsWith("failed: the workers w1 and w2 were lost"), why);
        assertTrue(why.contains("the images 3 to 9"), why);
        assertEquals(List.of(), tick());
    }

    @Test
    void aPartThatEndedTwoProcessesAtTheSameImagesFailsTheBank() {
        bothAreLost();
        builder.workersChanged(List.of(again(ONE), again(TWO)), List.of());
        tick();
        failed();
    }

    @Test
    void aPartThatTwoWorkersWereLostWithAtTheSameImagesWaitsWhetherOneComesBack() {
        bothAreLost();
        builder.workersChanged(List.of(again(ONE)), List.of());
        assertEquals(List.of(1), parts(asked()), "the other part");
        assertEquals("waits whether w1 and w2 come back, which were lost at the same images", reason());
        timers.pass(BACK_MS - 1);
        assertEquals(List.of(1), parts(asked()));
        assertEquals(2, heard.size(), heard.toString());
        timers.pass(1);
        tick();
        failed();
    }

    private List<EmbedOrder> asked() {
        return tick().stream().map(asked -> asked.order().getEmbed()).toList();
    }

    @Test
    void aPartGoesOnOnceOneThatWasOnlySilentIsBack() {
        bothAreLost();
        builder.workersChanged(List.of(), List.of());
        timers.pass(5000);
        assertEquals(List.of(), tick());
        builder.workersChanged(List.of(again(ONE), TWO), List.of());
        assertEquals(List.of(0, 1), parts(asked()));
        timers.pass(100_000);
        assertEquals(List.of(0, 1), parts(asked()));
        assertEquals(List.of("more", "more"), heard);
    }

    @Test
    void oneThatLeavesOrComesBackIsNoLoss() {
        builder.workersChanged(List.of(ONE), List.of());
        tick();
        builder.workersChanged(List.of(TWO), List.of(ONE));
        tick();
        builder.workersChanged(List.of(ONE), List.of());
        tick();
        assertEquals(List.of(), heard, "one left, the other was lost");
        builder.workersChanged(List.of(), List.of());
        builder.workersChanged(List.of(ONE, TWO), List.of());
        tick();
        assertEquals(List.of(), heard, "both are there again");
    }

    @Test
    void aWorkerThatWasStartedAnewGetsPartsAgain() {
        builder.workersChanged(List.of(ONE, TWO), List.of());
        tick().get(0).fails("no such weights");
        builder.workersChanged(List.of(TWO), List.of());
        builder.workersChanged(List.of(ONE, TWO), List.of());
        assertEquals(
                List.of(ONE, TWO), tick().stream().map(Asked::worker).sorted().toList());
    }

    @Test
    void ifAllFailTheBankDoes() {
        builder.workersChanged(List.of(ONE, TWO), List.of());
        tick().forEach(asked -> asked.fails("no such weights"));
        assertEquals(List.of("failed: w2: no such weights"), heard);
        assertEquals(List.of(), tick());
        assertEquals(List.of(), builder.wanted(TWO));
    }

    @Test
    void aWorkerThatDoesNotAnswerIsAskedAgain() {
        builder.workersChanged(List.of(ONE), List.of());
        Asked asked = tick().get(0);
        asked.reply().completeExceptionally(new IllegalStateException("timed out"));
        assertEquals("w1: gives no answer (timed out)", reason());
        assertEquals(0, tick().get(0).order().getEmbed().getShard());
        assertEquals(List.of(), heard);
    }

    private String reason() {
        BankStatus.Builder status = BankStatus.newBuilder();
        status.addShardsBuilder();
        status.addShardsBuilder();
        builder.describe(status);
        return status.getReason();
    }

    @Test
    void theStatusCountsRowsOfPartsThatAreUnderWay() {
        builder.workersChanged(List.of(ONE, TWO), List.of());
        List<Asked> asked = tick();
        stored(asked.get(0));
        rows(asked.get(1), 4);
        BankStatus.Builder status = BankStatus.newBuilder();
        status.addShardsBuilder();
        status.addShardsBuilder();
        builder.describe(status);
        assertEquals(14, status.getRowsDone());
        assertEquals("w2", status.getShards(1).getHolders(0).getWorker());
    }

    @Test
    void partsAreOfAlmostEqualSizeAndNoneIsEmpty() {
        BankRecord.Builder few = BankRecord.newBuilder();
        BankBuilder.cut(few, 2, 5);
        assertEquals(2, few.getPartsCount());
        BankRecord.Builder many = BankRecord.newBuilder();
        BankBuilder.cut(many, 10, 3);
        assertEquals(
                List.of(3, 3, 4),
                many.getPartsList().stream().map(BankRecord.Part::getRows).toList());
        assertEquals(6, many.getParts(2).getFirstId());
    }
}
