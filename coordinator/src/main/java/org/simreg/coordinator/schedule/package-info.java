/**
 * Who computes what: pure functions from what is known about workers and jobs to a decision with
 * its reason. No clocks and no network here; the coordinator carries the decisions out.
 */
package org.simreg.coordinator.schedule;
