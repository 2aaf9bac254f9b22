package org.simreg.coordinator.store;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import org.simreg.proto.JobRecord;
import org.simreg.proto.JobSettings;
import org.simreg.proto.Roots;
import org.simreg.proto.UserError;

/**
 * The check of a job's record that others could have written, as a client's request is checked: its
 * settings, its paths, its version.
 */
public final class PublishedCheck {
    /** A record is saved a few times a generation; one that claims more would hold for ever. */
    private static final long MOST_VERSIONS = 1_000_000_000;

    private final Roots roots;

    /**
     * @param roots below which all paths must lie
     */
    public PublishedCheck(Roots roots) {
        this.roots = roots;
    }

    /** Why a record is not taken; empty if it may be. */
    public Optional<String> refusal(JobRecord record) {
        if (record.getVersion() < 1 || record.getVersion() > MOST_VERSIONS) {
            return Optional.of("its version is " + Long.toUnsignedString(record.getVersion()));
        }
        try {
            Path folder = Path.of(record.getFolder());
            if (!folder.isAbsolute() || !folder.normalize().equals(folder)) {
                return Optional.of("its run folder is no plain absolute path");
            }
            JobSettings.complete(record.getJob());
            roots.check(record.getJob(), folder);
            return Optional.empty();
        } catch (UserError | InvalidPathException e) {
            return Optional.of(e.getMessage());
        }
    }

    /** Whether a record can be a later one of the same job: what was submitted never changes. */
    static boolean follows(JobRecord later, JobRecord known) {
        return later.getJob().equals(known.getJob())
                && later.getFolder().equals(known.getFolder())
                && later.getRequestId().equals(known.getRequestId());
    }
}
