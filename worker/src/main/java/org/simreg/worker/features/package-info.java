/**
 * The use of a trained backbone's features: embedding, search and evaluation. Read {@code embed} (features of a
 * folder), {@code search} over {@code bankfile} (exact neighbours; the worker's half of a query, the other half is in
 * the coordinator's {@code search}), {@code knn} and {@code probe} (how good the features are), {@code table} (features as
 * files), {@code serve} (a worker's part in a cluster's searches).
 */
package org.simreg.worker.features;
