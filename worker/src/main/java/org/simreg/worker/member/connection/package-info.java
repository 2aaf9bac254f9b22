/** The worker's stream to the coordinator; checkpoints over gRPC. */
package org.simreg.worker.member.connection;
