/**
 * The worker as a member of jobs. Read {@code generation} (one generation: take the state, run the
 * loop, stop), then {@code connection} (the stream to the coordinator).
 */
package org.simreg.worker.member;
