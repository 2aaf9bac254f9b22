/**
 * Network architectures as data: layers with the names and shapes of their weights, and no
 * arithmetic. Read {@link org.simreg.worker.network.NetworkGraph} first; {@code engine.torchscript} turns a graph
 * into code.
 *
 * <p>The known networks stand in {@code network.family}, a file for each family.
 */
package org.simreg.worker.network;
