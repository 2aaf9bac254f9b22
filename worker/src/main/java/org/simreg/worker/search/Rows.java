package org.simreg.worker.search;

/**
 * Rows of features that can be searched: (N, D) float32, in ascending order of their ids. Reading
 * is safe from any number of threads.
 */
public interface Rows {
    /** N. */
    int size();

    /** D. */
    int dimension();

    /** Id of a row; greater than those of the rows before. */
    long id(int row);

    /** Class of a row, or -1. */
    int label(int row);

    /** Copies a row's D features to {@code into} from {@code at} on. */
    void copy(int row, float[] into, int at);
}
