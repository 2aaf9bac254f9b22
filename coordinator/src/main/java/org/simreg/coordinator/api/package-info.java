/**
 * The coordinator's gRPC faces: what clients and workers ask, and how a refusal becomes a status.
 */
package org.simreg.coordinator.api;
