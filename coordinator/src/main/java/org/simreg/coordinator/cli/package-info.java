/**
 * The command. The rooms below: {@code option} (options that commands share), {@code job}, {@code
 * eval}, {@code bank} and {@code node} (the commands).
 */
package org.simreg.coordinator.cli;
