/**
 * The control of jobs and workers: the coordinator's whole state, on one thread. Read {@link
 * org.simreg.coordinator.control.Coordinator} first; it lists what happens after a worker is
 * killed.
 */
package org.simreg.coordinator.control;
