/** A job as a file of YAML or JSON, and the ports to where jobs and their runs are kept. */
package org.simreg.coordinator.job;
