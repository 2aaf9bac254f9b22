/** The commands about files of weights: eval, export, inspect. */
package org.simreg.coordinator.cli.eval;
