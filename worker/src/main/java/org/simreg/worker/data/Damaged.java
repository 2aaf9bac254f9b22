package org.simreg.worker.data;

import java.io.IOException;

/** What came is not what was sent; asking again may help. The message says what is wrong. */
final class Damaged extends IOException {
    Damaged(String reason) {
        super(reason);
    }
}
