/** Pages that are files: report.html, found pictures; what a job's events add up to. */
package org.simreg.coordinator.view.report;
