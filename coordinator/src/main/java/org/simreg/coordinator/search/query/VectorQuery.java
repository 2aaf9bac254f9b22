package org.simreg.coordinator.search.query;

import com.google.protobuf.ByteString;

/**
 * The query vectors of one request, checked.
 *
 * @param vectors (Q, D) float32, little-endian, finite, none of length zero
 * @param queries Q
 * @param k neighbours a query
 * @param until deadline in nanoseconds of {@link System#nanoTime}
 */
public record VectorQuery(ByteString vectors, int queries, int k, long until) {}
