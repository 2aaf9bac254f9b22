/** Commands about weights: eval, export, inspect. */
package org.simreg.coordinator.cli.eval;
