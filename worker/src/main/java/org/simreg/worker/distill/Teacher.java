package org.simreg.worker.distill;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;

/** What the student regresses. */
interface Teacher extends AutoCloseable {
    /**
     * @param images (N, H, W, 3) uint8
     * @return (N, D) float32, any length
     */
    NDArray features(NDManager scope, NDArray images);

    /** Width D of its feature. */
    int width();

    /** Height and width of what it is shown, in pixels. */
    int size();

    @Override
    void close();
}
