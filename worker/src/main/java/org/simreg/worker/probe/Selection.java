package org.simreg.worker.probe;

import java.util.stream.IntStream;
import org.simreg.worker.evaluate.FeatureBank;

/**
 * Some rows of a bank, in an order.
 *
 * @param bank that holds them
 * @param rows their numbers; not copied
 */
record Selection(FeatureBank bank, int[] rows) {
    static Selection all(FeatureBank bank) {
        return new Selection(bank, IntStream.range(0, bank.size()).toArray());
    }

    int size() {
        return rows.length;
    }

    int label(int i) {
        return bank.label(rows[i]);
    }

    void copy(int i, float[] into, int at) {
        bank.copy(rows[i], into, at);
    }

    /** Rows [from, to) as (to - from, D). */
    float[] values(int from, int to) {
        float[] values = new float[(to - from) * bank.dimension()];
        for (int i = from; i < to; i++) {
            copy(i, values, (i - from) * bank.dimension());
        }
        return values;
    }

    /** Classes of the rows [from, to). */
    long[] labels(int from, int to) {
        return IntStream.range(from, to).mapToLong(this::label).toArray();
    }
}
