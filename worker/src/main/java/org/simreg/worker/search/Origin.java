package org.simreg.worker.search;

import java.nio.charset.StandardCharsets;

/**
 * What made the features of a bank, so that queries can be made the same way and a bank is never
 * taken for another's. Free text of the caller, at most 64 KiB each in UTF-8.
 *
 * @param weights digest of the weights
 * @param view description of the view
 */
public record Origin(String weights, String view) {
    static final int MAX_BYTES = 0xFFFF;

    public Origin {
        check("weights", weights);
        check("view", view);
    }

    private static void check(String name, String text) {
        int bytes = text.getBytes(StandardCharsets.UTF_8).length;
        if (bytes > MAX_BYTES) {
            throw new IllegalArgumentException(
                    "the %s of a bank's origin takes %d bytes; at most %d are kept"
                            .formatted(name, bytes, MAX_BYTES));
        }
    }
}
