/** The coordinator's whole state on one thread: workers, reports, orders. */
package org.simreg.coordinator.control;
