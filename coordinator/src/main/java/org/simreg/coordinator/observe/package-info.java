/**
 * What operators see of a process from outside: its metrics, the health of its components, its log
 * as JSON. Everything here is read without waiting.
 */
package org.simreg.coordinator.observe;
