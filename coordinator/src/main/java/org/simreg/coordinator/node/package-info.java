/**
 * The processes: coordinator, worker, and both in one JVM, put together from all other rooms. Read
 * {@link org.simreg.coordinator.node.CoordinatorNode} first.
 */
package org.simreg.coordinator.node;
