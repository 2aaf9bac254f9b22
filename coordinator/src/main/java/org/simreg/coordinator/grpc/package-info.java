/**
 * GRPC faces of jobs, workers, scaling; streams and files with back-pressure. The rooms below:
 * {@code access} (who may call what), {@code samples} (data for workers that don't see it), {@code
 * search} (banks and queries), {@code client} (the other end).
 */
package org.simreg.coordinator.grpc;
