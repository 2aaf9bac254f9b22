/** Commands about jobs. */
package org.simreg.coordinator.cli.job;
