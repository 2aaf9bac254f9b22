/**
 * The command line {@code simreg}: its subcommands, failures as sentences, exit codes. Read {@link
 * org.simreg.coordinator.cli.Simreg} first; the rooms below have the commands ({@code job}, {@code
 * eval}, {@code bank}, {@code node}) and the options that they share ({@code option}).
 */
package org.simreg.coordinator.cli;
