/**
 * The job file: a job as YAML or JSON. Read {@link org.simreg.coordinator.job.file.JobFile} first.
 */
package org.simreg.coordinator.job.file;
