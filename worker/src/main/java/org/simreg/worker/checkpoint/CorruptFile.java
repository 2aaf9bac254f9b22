package org.simreg.worker.checkpoint;

import java.io.IOException;

/** A file that isn't what it looks like; the message completes "Can't read weights from FILE: ". */
final class CorruptFile extends IOException {
    CorruptFile(String message) {
        super(message);
    }
}
