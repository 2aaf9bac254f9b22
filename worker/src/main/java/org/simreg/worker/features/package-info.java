/**
 * What a trained backbone is good for. Read {@code embed} (features of a folder), {@code search}
 * over {@code bankfile} (exact neighbours), {@code knn} and {@code probe} (how good the features
 * are), {@code serve} (a worker's part in a cluster's searches).
 */
package org.simreg.worker.features;
