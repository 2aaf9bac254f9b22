/** A job as YAML or JSON. */
package org.simreg.coordinator.job.file;
