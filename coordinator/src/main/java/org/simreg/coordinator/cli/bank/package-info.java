/** Commands about banks. */
package org.simreg.coordinator.cli.bank;
