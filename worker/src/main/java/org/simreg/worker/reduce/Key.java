package org.simreg.worker.reduce;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * Which line of a process a frame is for.
 *
 * @param job hash of the job's id
 * @param use which of the lines of that job and generation
 */
record Key(long job, long generation, Use use) {
    /** What a line is used for. */
    enum Use {
        REDUCE,
        STATE;

        private static final Use[] ALL = values();

        /** Null if there is none of that number. */
        static Use of(int ordinal) {
            return ordinal < ALL.length ? ALL[ordinal] : null;
        }
    }

    static Key of(Circle circle, Use use) {
        return new Key(hash(circle.job()), circle.generation(), use);
    }

    private static long hash(String job) {
        try {
            byte[] digest =
                    MessageDigest.getInstance("SHA-256")
                            .digest(job.getBytes(StandardCharsets.UTF_8));
            return ByteBuffer.wrap(digest).getLong();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
