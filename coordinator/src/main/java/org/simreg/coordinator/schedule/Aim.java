package org.simreg.coordinator.schedule;

/** What a job's generation is halted for. */
public enum Aim {
    /** Another generation. */
    REFORM,
    /** Its workers are needed elsewhere, or are too few. */
    YIELD,
    /** Somebody has paused it. */
    PAUSE,
    /** Somebody has cancelled it. */
    CANCEL
}
