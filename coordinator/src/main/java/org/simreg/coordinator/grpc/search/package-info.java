/** The services Search and Shards. */
package org.simreg.coordinator.grpc.search;
