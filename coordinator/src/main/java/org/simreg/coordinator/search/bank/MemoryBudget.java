package org.simreg.coordinator.search.bank;

import java.util.Collection;
import org.simreg.coordinator.search.query.SearchWorkers;
import org.simreg.proto.BankRecord;
import org.simreg.proto.UserError;
import org.simreg.worker.features.search.Shard;

/**
 * The workers' memory for shards, and how much of it a new bank may take.
 *
 * @param workers that attend; 0: the memory isn't known yet, and every bank passes
 * @param all bytes that they may use for shards
 * @param taken bytes of them that other banks have
 */
record MemoryBudget(int workers, long all, long taken) {
    static MemoryBudget of(Collection<SearchWorkers.Worker> workers, Collection<BankRecord> others) {
        return new MemoryBudget(
                workers.size(),
                workers.stream().mapToLong(SearchWorkers.Worker::memory).sum(),
                others.stream().mapToLong(MemoryBudget::bytes).sum());
    }

    /** Bytes of all rows in all replicas; 0 as long as rows or features aren't known. */
    static long bytes(BankRecord bank) {
        return Shard.bytes(bank.getRows(), bank.getDimension()) * bank.getReplicas();
    }

    /**
     * @throws UserError if the bank doesn't fit
     */
    void require(BankRecord bank) {
        if (workers > 0 && bank.getDimension() > 0 && bytes(bank) > all - taken) {
            throw new UserError(
                    "the bank %s would take %d MiB of memory (%d rows of %d features, %d bytes each, replicas: %d), and of the %d MiB that the attending workers (%d) may use for banks %d are taken; add workers, delete a bank, or make it with fewer rows or replicas"
                            .formatted(
                                    bank.getName(),
                                    mib(bytes(bank)),
                                    bank.getRows(),
                                    bank.getDimension(),
                                    Shard.bytes(1, bank.getDimension()),
                                    bank.getReplicas(),
                                    all >> 20,
                                    workers,
                                    mib(taken)));
        }
    }

    private static long mib(long bytes) {
        return (bytes + (1 << 20) - 1) >> 20;
    }
}
