package org.simreg.worker.weights.format.pickle;

import java.util.ArrayList;
import java.util.Collection;

/** A list or tuple of a pickle. Of very long ones plain values are counted and not kept. */
final class PickledList extends ArrayList<Object> {
    private static final long serialVersionUID = 1;

    /** Its number among the values that the pickle's memo keeps; -1 if it isn't kept. */
    transient int number = -1;

    /** Values that were not kept. */
    transient int skipped;

    PickledList() {}

    PickledList(Collection<?> values) {
        super(values);
    }
}
