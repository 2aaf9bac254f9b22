package org.simreg.worker.reduce;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import java.nio.FloatBuffer;

/**
 * A vector's values where Java reads them: on the CPU those of the array itself, from a GPU a copy.
 *
 * @param array the vector; stays the caller's
 * @param copy null on the CPU
 * @param values valid as long as the array, or the copy
 */
record HostVector(NDArray array, NDArray copy, FloatBuffer values) {
    /** Waits for the device. */
    static HostVector of(NDArray array) {
        NDArray copy = array.getDevice().isGpu() ? array.toDevice(Device.cpu(), true) : null;
        NDArray host = copy == null ? array : copy;
        return new HostVector(array, copy, host.toByteBuffer(true).asFloatBuffer());
    }

    /** Lets go of the copy. */
    NDArray released() {
        if (copy != null) {
            copy.close();
        }
        return array;
    }
}
