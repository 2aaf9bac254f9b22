package org.simreg.worker.data.dataset;

import java.lang.ref.Reference;
import java.util.function.Supplier;

/** The bytes of Java's heap that something keeps. */
public final class HeapUse {
    private HeapUse() {}

    /** How many more are kept after a call than before, its result included. */
    public static long of(Supplier<?> call) {
        long before = kept();
        Object result = call.get();
        long after = kept();
        Reference.reachabilityFence(result);
        return after - before;
    }

    private static long kept() {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 3; i++) {
            System.gc();
            least = Math.min(
                    least,
                    Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory());
        }
        return least;
    }
}
