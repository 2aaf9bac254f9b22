/**
 * Linear evaluation of features: SimReg's linear probe, and logistic regression with a chosen
 * penalty. Read {@link org.simreg.worker.features.probe.LinearProbe} first, then {@code
 * PenaltySearch}.
 */
package org.simreg.worker.features.probe;
