/**
 * Teachers' features of fixed views, in one memory-mapped file a teacher that any number of
 * processes fill and read at once. A row that isn't there, or is damaged, is only a miss: whoever
 * computes it gets the same bits.
 */
package org.simreg.worker.cache;
