/** Options that commands share. */
package org.simreg.coordinator.cli.option;
