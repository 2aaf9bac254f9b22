package org.simreg.coordinator.search.bank;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.simreg.coordinator.search.query.SearchWorkers;
import org.simreg.proto.BankRecord;
import org.simreg.proto.UserError;

class MemoryBudgetTest {
    private static final long MIB = 1 << 20;
    private static final SearchWorkers.Worker ONE = new SearchWorkers.Worker("w1", "a", 2000 * MIB);
    private static final SearchWorkers.Worker OTHER = new SearchWorkers.Worker("w2", "b", 1500 * MIB);

    private static BankRecord bank(long rows, int replicas) {
        return BankRecord.newBuilder()
                .setName("big")
                .setRows(rows)
                .setDimension(512)
                .setReplicas(replicas)
                .build();
    }

    @Test
    void aBankThatDoesNotFitIsRefusedWithItsNumbers() {
        MemoryBudget budget = MemoryBudget.of(List.of(ONE, OTHER), List.of(bank(200_000, 1)));
        UserError refusal = assertThrows(UserError.class, () -> budget.require(bank(500_000, 2)));
        assertEquals(
                "the bank big would take 3438 MiB of memory (500000 rows of 512 features, 3604"
                        + " bytes each, replicas: 2), and of the 3500 MiB that the attending workers"
                        + " (2) may use for banks 688 are taken; add workers, delete a bank, or make"
                        + " it with fewer rows or replicas",
                refusal.getMessage());
        assertDoesNotThrow(() -> budget.require(bank(500_000, 1)));
    }

    @Test
    void withoutWorkersNobodyKnowsYet() {
        MemoryBudget budget = MemoryBudget.of(List.of(), List.of());
        assertDoesNotThrow(() -> budget.require(bank(Integer.MAX_VALUE, 16)));
    }

    @Test
    void aBankOfUnknownWidthIsLetPass() {
        MemoryBudget budget = MemoryBudget.of(List.of(ONE), List.of());
        BankRecord begun =
                bank(Integer.MAX_VALUE, 1).toBuilder().clearDimension().build();
        assertDoesNotThrow(() -> budget.require(begun));
    }
}
