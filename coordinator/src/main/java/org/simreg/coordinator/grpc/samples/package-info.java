/** Data sets and weights for workers that don't see them. */
package org.simreg.coordinator.grpc.samples;
