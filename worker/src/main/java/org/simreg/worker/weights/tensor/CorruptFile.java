package org.simreg.worker.weights.tensor;

import java.io.IOException;

/**
 * The error of a file that isn't what it looks like; the message completes "Can't read weights from
 * FILE: ".
 */
public final class CorruptFile extends IOException {
    public CorruptFile(String message) {
        super(message);
    }
}
