/** Groups of options that commands share, and what they are read into. */
package org.simreg.coordinator.cli.option;
