/**
 * Linear classifiers on frozen features: the SGD probe with a sweep over learning rates, and
 * L2-regularised logistic regression whose penalty is chosen on a held-out part.
 */
package org.simreg.worker.probe;
