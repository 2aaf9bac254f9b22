/**
 * Tables of features as files that other programs read: .npy, Parquet, CSV; and the log of rows that a table is made of,
 * which outlives a kill. Read {@link org.simreg.worker.features.table.TableRows} first.
 */
package org.simreg.worker.features.table;
