/**
 * Feature stores: a teacher's features of views that come again, one memory-mapped file a teacher.
 * Read {@link org.simreg.worker.train.featurestore.FeatureStore} first.
 */
package org.simreg.worker.train.featurestore;
