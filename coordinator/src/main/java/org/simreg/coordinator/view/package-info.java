/**
 * The output for people and monitoring. Read {@code console} (text in a terminal), {@code report}
 * (pages that are files), {@code web} (the live page), {@code observe} (metrics, health, logs).
 */
package org.simreg.coordinator.view;
