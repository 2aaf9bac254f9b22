package org.simreg.worker.data;

import java.io.IOException;

/**
 * A file that holds no image that can be read whole. The message is the reason, without the file's
 * name.
 */
final class UnreadableImage extends IOException {
    UnreadableImage(String reason) {
        super(reason);
    }
}
