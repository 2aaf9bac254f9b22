/**
 * Features of the images of a folder, computed by a frozen network with the weights of any file.
 * Read {@link org.simreg.worker.features.embed.FrozenBackbone} first (the network), then {@code
 * ImageEmbedder} (the images).
 */
package org.simreg.worker.features.embed;
