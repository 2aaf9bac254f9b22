package org.simreg.worker.features.table;

/** The rows of a table of features: a name, a class and D numbers each. Read in order, perhaps several times. */
public interface TableRows {
    /** Rows of the table. */
    int size();

    /** Numbers of a row. */
    int dimension();

    /** What the row was made of, such as a path. */
    String name(int row);

    /** Its class; empty where it has none. */
    String className(int row);

    /** The part that it belongs to: {@code train}, {@code val}, or empty. */
    String split(int row);

    /**
     * Copies the numbers of a row.
     *
     * @param into takes {@link #dimension} numbers from its begin on
     */
    void copy(int row, float[] into);
}
