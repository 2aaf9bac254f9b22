/** Linear probe and logistic regression on features. */
package org.simreg.worker.features.probe;
