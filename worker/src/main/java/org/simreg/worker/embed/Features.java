package org.simreg.worker.embed;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;

/** What turns images into features: a frozen network, or whatever behaves like one. */
@FunctionalInterface
public interface Features {
    /**
     * @param scope owns the result
     * @param images (N, H, W, 3) uint8
     * @return (N, D) float32, any length
     */
    NDArray of(NDManager scope, NDArray images);
}
