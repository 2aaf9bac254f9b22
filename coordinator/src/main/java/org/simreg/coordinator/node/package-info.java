/**
 * The processes of a cluster: coordinator, worker, and both in one JVM. Read
 * {@link org.simreg.coordinator.node.CoordinatorNode} first.
 */
package org.simreg.coordinator.node;
