/**
 * Access to the coordinator: tokens, roles, and the role that each RPC needs. Read {@link
 * org.simreg.coordinator.grpc.access.Gate} first.
 */
package org.simreg.coordinator.grpc.access;
