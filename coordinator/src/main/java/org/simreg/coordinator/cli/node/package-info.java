/** Commands about processes. */
package org.simreg.coordinator.cli.node;
