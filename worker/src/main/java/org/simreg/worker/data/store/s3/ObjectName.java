package org.simreg.worker.data.store.s3;

import org.simreg.proto.DataSource;
import org.simreg.proto.UserError;

/**
 * The name of an object, or the beginning of names.
 *
 * @param bucket that holds it
 * @param key within the bucket; may be empty for a beginning
 */
record ObjectName(String bucket, String key) {
    /**
     * Reads {@code s3://bucket/key}.
     *
     * @throws UserError if there is no bucket in it
     */
    static ObjectName of(String place) {
        String rest = place.substring(DataSource.OBJECTS.length());
        int slash = rest.indexOf('/');
        String bucket = slash < 0 ? rest : rest.substring(0, slash);
        if (bucket.isEmpty()) {
            throw new UserError("%s names no bucket; write s3://BUCKET/PREFIX".formatted(place));
        }
        return new ObjectName(bucket, slash < 0 ? "" : rest.substring(slash + 1));
    }

    /** The place of an object of the same bucket. */
    String place(String other) {
        return DataSource.OBJECTS + bucket + "/" + other;
    }

    @Override
    public String toString() {
        return place(key);
    }
}
