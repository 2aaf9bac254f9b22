/**
 * The pipeline from files to batches of views. Read {@code dataset} (which samples there are), {@code storage}
 * (where their bytes are read), {@code image} (bytes to pixels), {@code view} (pixels to augmented
 * views), {@code loader} (views to batches).
 */
package org.simreg.worker.data;
