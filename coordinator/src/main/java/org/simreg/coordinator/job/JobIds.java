package org.simreg.coordinator.job;

import java.util.function.Predicate;

/** The ids of new jobs. */
final class JobIds {
    private JobIds() {}

    /** The name, or with a number: the first free one after a taken one, found by doubling. */
    static String free(String name, Predicate<String> taken) {
        if (!taken.test(name)) {
            return name;
        }
        int high = 2;
        while (taken.test(name + "-" + high)) {
            high *= 2;
        }
        int low = high / 2;
        while (low + 1 < high) {
            int middle = (low + high) >>> 1;
            if (taken.test(name + "-" + middle)) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return name + "-" + high;
    }
}
