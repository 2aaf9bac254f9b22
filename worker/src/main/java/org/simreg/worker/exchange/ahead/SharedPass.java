package org.simreg.worker.exchange.ahead;

import java.util.List;
import java.util.stream.IntStream;
import org.simreg.proto.NumericProfile;

/**
 * One pass of a network over the images of an evaluation, which the members of a generation share: in batches of one
 * size, which they embed in turn.
 */
public record SharedPass(Place place, Rows rows, Origin origin) {
    /**
     * The place of a pass in the order of all.
     *
     * @param step steps committed before it
     * @param slot among the passes after this step
     */
    public record Place(long step, int slot) implements Comparable<Place> {
        /** The place after it. */
        Place next() {
            return new Place(step, slot + 1);
        }

        @Override
        public int compareTo(Place other) {
            return step != other.step ? Long.compare(step, other.step) : Integer.compare(slot, other.slot);
        }
    }

    /**
     * The rows of a pass, one an image.
     *
     * @param count images, N
     * @param batch images that the network is shown at once; the last batch may be smaller
     * @param width D, floats of a row
     */
    public record Rows(int count, int batch, int width) {}

    /**
     * What features are computed from and by: equal on all members.
     *
     * @param images SHA-256 of the list of images
     * @param profile numeric profile of this worker
     * @param exact whether features of another profile are refused
     */
    public record Origin(String images, String profile, boolean exact) {
        /** As a word that travels with features. */
        String word() {
            return images + " " + profile;
        }

        boolean takes(String word) {
            String start = images + " ";
            return word.startsWith(start) && (!exact || NumericProfile.same(profile, word.substring(start.length())));
        }
    }

    /** How many batches there are. */
    public int batches() {
        return (rows.count + rows.batch - 1) / rows.batch;
    }

    /** Rows of one batch. */
    public int rowsOf(int batch) {
        return Math.min(rows.batch, rows.count - batch * rows.batch);
    }

    /** The rank of the member that embeds a batch. */
    static int rank(int batch, int members) {
        return batch % members;
    }

    /** The batches of one member, ascending. */
    public List<Integer> of(int rank, int members) {
        return IntStream.range(0, batches())
                .filter(batch -> rank(batch, members) == rank)
                .boxed()
                .toList();
    }
}
