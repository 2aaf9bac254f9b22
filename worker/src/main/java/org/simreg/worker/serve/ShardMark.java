package org.simreg.worker.serve;

import org.simreg.worker.search.Origin;

/**
 * Which shard a file is, kept in its head, so that a file of another bank is never taken for it.
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
    public Origin origin(String weights, String view) {
        return new Origin(weights, view + text());
    }

    /** Whether a file has this mark. */
    public boolean marks(Origin origin) {
        return origin.view().endsWith(text());
    }

    private String text() {
        return "\nbank %s, version %s, shard %d".formatted(bank, version, shard);
    }
}
