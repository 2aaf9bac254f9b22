package org.simreg.worker.data;

import java.nio.file.Path;
import java.time.Duration;

/**
 * How a worker reads from storage that only the coordinator sees.
 *
 * @param cache folder for copies of files; may be shared by several processes
 * @param cacheBytes disk space of all copies of samples together
 * @param patience how long the coordinator may be away before the job fails
 */
public record RemoteSettings(Path cache, long cacheBytes, Duration patience) {
    /** 20 GB, and ten minutes. */
    public RemoteSettings(Path cache) {
        this(cache, 20_000_000_000L, Duration.ofMinutes(10));
    }

    public RemoteSettings {
        if (cacheBytes < 1 || patience.isNegative()) {
            throw new IllegalArgumentException(
                    "cache bytes: " + cacheBytes + ", patience: " + patience);
        }
    }
}
