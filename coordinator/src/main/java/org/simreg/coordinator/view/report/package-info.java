/**
 * Pages that are files: report.html of a run or an evaluation, found pictures; and the summary of a
 * job's events that the live page shows. Read {@link org.simreg.coordinator.view.report.RunReport}
 * first.
 */
package org.simreg.coordinator.view.report;
