/**
 * The view that operators have of a process: its metrics, the health of its components, its log as
 * JSON. Everything here is read without waiting.
 */
package org.simreg.coordinator.observe;
