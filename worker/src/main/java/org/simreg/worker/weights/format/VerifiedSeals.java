package org.simreg.worker.weights.format;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The sealed files whose bytes this process has already compared with their seal, so that reading
 * the notes of a checkpoint again doesn't digest hundreds of megabytes again. A file is known by its
 * inode, size and time of change, which every write moves on.
 */
final class VerifiedSeals {
    private static final int MOST = 64;

    /** Longer than a tick of the clock that file systems take: a later write has a later time. */
    private static final Duration TICK = Duration.ofMillis(100);

    private final Map<State, String> seals = new LinkedHashMap<>();

    /**
     * @param inode with its device
     * @param size in bytes
     * @param changed when bytes or attributes last changed
     */
    record State(Object inode, long size, FileTime changed) {}

    /** A file's state now; none if the file system doesn't tell it, or it may change within the same tick of its clock. */
    static Optional<State> state(Path file) {
        try {
            Map<String, Object> all = Files.readAttributes(file, "unix:dev,ino,size,ctime");
            FileTime changed = (FileTime) all.get("ctime");
            if (changed.toInstant().isAfter(Instant.now().minus(TICK))) {
                return Optional.empty();
            }
            return Optional.of(new State(all.get("dev") + ":" + all.get("ino"), (Long) all.get("size"), changed));
        } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /** Whether a file in this state had this seal, and its bytes gave it. */
    synchronized boolean has(State state, String seal) {
        return seal.equals(seals.get(state));
    }

    /** Remembers it, and forgets the oldest beyond 64. */
    synchronized void add(State state, String seal) {
        seals.put(state, seal);
        if (seals.size() > MOST) {
            seals.remove(seals.keySet().iterator().next());
        }
    }
}
