/**
 * The training loop: views to teacher features, features to the student's gradient, gradient to new
 * weights; and what decides each step: the plan, the schedule, the initial weights.
 */
package org.simreg.worker.distill;
