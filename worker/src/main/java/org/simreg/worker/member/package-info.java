/**
 * A worker's part in a job that several train: its generations, and its stream to the coordinator. Read {@code
 * generation} (one generation: take the state, run the loop, stop), then {@code connection} (the stream to the
 * coordinator).
 */
package org.simreg.worker.member;
