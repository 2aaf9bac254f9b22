/** Votes of exact nearest neighbours. */
package org.simreg.worker.features.knn;
