/** Metrics, health, JSON log. */
package org.simreg.coordinator.view.observe;
