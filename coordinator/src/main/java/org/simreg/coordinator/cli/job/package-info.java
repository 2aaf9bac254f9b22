/**
 * The commands about jobs: distill on this machine; submit, jobs, watch, logs, cancel, pause,
 * resume and audit at a coordinator; features before either.
 */
package org.simreg.coordinator.cli.job;
