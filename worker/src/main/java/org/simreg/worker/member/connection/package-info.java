/**
 * The worker's connection to the coordinator: the stream of orders and reports, and checkpoints,
 * over gRPC. Read {@link org.simreg.worker.member.connection.CoordinatorConnection} first.
 */
package org.simreg.worker.member.connection;
