/**
 * Metrics, health and log of a process, for monitoring. Read {@link
 * org.simreg.coordinator.view.observe.Meters} first.
 */
package org.simreg.coordinator.view.observe;
