package org.simreg.worker.embed;

import org.simreg.worker.evaluate.FeatureBank;

/** A bank that is made when the first rows show how wide they are. */
final class Filling implements Rows {
    private final int capacity;
    private FeatureBank bank;

    Filling(int capacity) {
        this.capacity = capacity;
    }

    @Override
    public void take(float[] rows, int[] ids, int[] labels) {
        bank = bank == null ? new FeatureBank(capacity, rows.length / ids.length) : bank;
        bank.add(rows, ids, labels);
    }

    FeatureBank bank() {
        return bank;
    }
}
