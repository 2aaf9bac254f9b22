package org.simreg.worker.data.store;

/**
 * A file as it was when it was listed.
 *
 * @param path as its store names it
 * @param size in bytes
 * @param changed tells it from what it was before: nanoseconds since 1970 of its last change
 */
public record StoredFile(String path, long size, long changed) {}
