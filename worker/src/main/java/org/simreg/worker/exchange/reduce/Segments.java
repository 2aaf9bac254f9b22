package org.simreg.worker.exchange.reduce;

/**
 * The partition of a vector: a segment for each member, which that member sums, and chunks of a
 * segment, which travel. All in floats; a segment begins at a multiple of 16, so that no two share
 * a cache line.
 *
 * @param length of the vector
 * @param members segments, some of them empty if the vector is short
 * @param chunk most floats of a chunk
 */
public record Segments(int length, int members, int chunk) {
    private static final int ALIGNED = 16;

    /** First float of a segment. */
    public int start(int member) {
        long size = ((long) length + members - 1) / members;
        long aligned = (size + ALIGNED - 1) / ALIGNED * ALIGNED;
        return (int) Math.min(length, aligned * member);
    }

    /** The float after the last of a segment. */
    public int end(int member) {
        return start(member + 1);
    }

    /** Chunks of a segment. */
    public int chunks(int member) {
        return (end(member) - start(member) + chunk - 1) / chunk;
    }

    /** Chunks of the vector. */
    public int chunks() {
        int chunks = 0;
        for (int member = 0; member < members; member++) {
            chunks += chunks(member);
        }
        return chunks;
    }

    /** First float of a chunk. */
    int start(int member, int number) {
        return start(member) + number * chunk;
    }

    /** Floats of a chunk. */
    int size(int member, int number) {
        return Math.min(chunk, end(member) - start(member, number));
    }

    /** Number of the chunk of a member that begins at a position, or -1 if none does. */
    int chunkAt(int member, int position) {
        int offset = position - start(member);
        return offset >= 0 && position < end(member) && offset % chunk == 0 ? offset / chunk : -1;
    }
}
