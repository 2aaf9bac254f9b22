/**
 * k-NN classification on features in memory: exact nearest neighbours, and their votes. Read {@link
 * org.simreg.worker.features.knn.NearestNeighbors} first, then {@code KnnVote}.
 */
package org.simreg.worker.features.knn;
