package org.simreg.worker.embed;

/** Takes features as they are computed. */
@FunctionalInterface
public interface Rows {
    /**
     * @param rows (n, D) row-major as the network gave them, of any length; handed over
     * @param ids (n) of the samples asked for
     * @param labels (n) classes of the images that are in the rows
     */
    void take(float[] rows, int[] ids, int[] labels);
}
