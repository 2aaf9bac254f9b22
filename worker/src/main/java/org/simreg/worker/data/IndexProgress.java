package org.simreg.worker.data;

/**
 * Told about the building of an index, from several threads. Never called when a stored index is
 * still good.
 */
@FunctionalInterface
public interface IndexProgress {
    /** Tells nobody. */
    IndexProgress SILENT = (folders, images) -> {};

    /**
     * Called after each folder that was listed.
     *
     * @param folders folders listed so far
     * @param images images found so far
     */
    void listed(long folders, long images);
}
