package org.simreg.worker.features.bankfile;

import java.nio.charset.StandardCharsets;

/**
 * The origin of a bank's features: the weights and the view that made them, so that queries can be
 * made the same way and a bank is never taken for another's. Free text of the caller, at most 64
 * KiB each in UTF-8.
 *
 * @param weights digest of the weights
 * @param view description of the view
 */
public record BankOrigin(String weights, String view) {
    static final int MAX_BYTES = 0xFFFF;

    public BankOrigin {
        check("weights", weights);
        check("view", view);
    }

    private static void check(String name, String text) {
        int bytes = text.getBytes(StandardCharsets.UTF_8).length;
        if (bytes > MAX_BYTES) {
            throw new IllegalArgumentException(
                    "the %s of a bank's origin takes %d bytes; at most %d are kept".formatted(name, bytes, MAX_BYTES));
        }
    }

    /**
     * The mark of a shard's file, kept in its head, so that a file of another bank is never taken
     * for it.
     *
     * @param bank name of the bank
     * @param version of that making of the bank
     * @param shard from 0
     */
    public record ShardMark(String bank, String version, int shard) {
        /**
         * The origin to be written into the file.
         *
         * @param weights digest of the weights, or empty
         * @param view of the images, or empty
         */
        public BankOrigin origin(String weights, String view) {
            return new BankOrigin(weights, view + text());
        }

        /** Whether a file has this mark. */
        public boolean marks(BankOrigin origin) {
            return origin.view().endsWith(text());
        }

        private String text() {
            return "\nbank %s, version %s, shard %d".formatted(bank, version, shard);
        }
    }
}
