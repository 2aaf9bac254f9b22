package org.simreg.worker.reduce;

/**
 * What gradients and state travel by between workers, point to point; one for a process. Frames
 * carry job and generation: those of a generation that isn't going on here are thrown away. A
 * sender may have only a few frames under way to a receiver, so a frozen worker costs nobody
 * memory. All is freed by {@link #close}; generations that still go on are abandoned then, here and
 * at their other members.
 */
public interface Lanes extends AutoCloseable {
    /** How other workers reach these lanes; it doesn't change. */
    String address();

    /** Frames thrown away so far, because their generation wasn't going on here. */
    long refused();

    /** Bytes sent to other workers so far, heads of frames included. */
    long sent();

    /** Bytes taken from other workers so far, heads of frames included. */
    long received();

    /** The lines that {@link ClusterReduce} and {@link StateExchange} are made of. */
    Switchboard switchboard();

    @Override
    void close();
}
