/** The commands about banks of features: index, search, classify. */
package org.simreg.coordinator.cli.bank;
