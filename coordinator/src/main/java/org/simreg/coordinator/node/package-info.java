/**
 * The processes: a coordinator, a worker, or both in one; what they open, in which order, and how
 * they end.
 */
package org.simreg.coordinator.node;
