/**
 * Named daemon threads, a thread that owns state, pauses between attempts, progress that can be
 * stopped.
 */
package org.simreg.worker.base.concurrent;
