/**
 * The coordinator's gRPC services: what clients and workers ask, and how a refusal becomes a
 * status.
 */
package org.simreg.coordinator.api;
