package org.simreg.worker.weights.format.pickle;

import java.util.LinkedHashMap;

/** A dict of a pickle. Of very long ones plain values are not kept. */
final class PickledMap extends LinkedHashMap<Object, Object> {
    private static final long serialVersionUID = 1;

    /** Its number among the values that the pickle's memo keeps; -1 if it isn't kept. */
    transient int number = -1;

    /** Values that were not kept. */
    transient int skipped;
}
