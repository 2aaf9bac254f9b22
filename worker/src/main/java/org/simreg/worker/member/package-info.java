/**
 * A worker as a member of a job. Read {@code generation} (one generation: take the state, run the
 * loop, hand over), {@code connection} (the stream to the coordinator).
 */
package org.simreg.worker.member;
