package org.simreg.worker.base.io;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.simreg.proto.UserError;
import org.simreg.proto.UserError.NotHere;

/**
 * The error of a file that can't be read or written for want of room, descriptors or memory: it works again when others
 * give some back, and is nobody's fault.
 */
public final class Shortage extends UserError {
    private static final long serialVersionUID = 1;

    private static final String TOO_SMALL =
            "the memory of this process is too small (%s%s): give it more by SIMREG_JAVA_OPTS=%s, or its container a higher memory limit";

    /** The limit in the words of the JVM ("limit: N") and of Netty ("max: N"). */
    private static final Pattern DIRECT_LIMIT = Pattern.compile("direct (?:buffer )?memory.*(?:limit|max): (\\d+)");

    private final String failure;

    /** What can be short, with the words of the C library and the way out. */
    private enum Kind {
        // ENOSPC, EDQUOT
        ROOM("make room on its disk", "No space left on device", "Disk quota exceeded"),
        // EMFILE and ENFILE
        DESCRIPTORS("raise how many files a process may have open (ulimit -n)", "Too many open files"),
        // ENOMEM
        MEMORY("give the machine more memory", "Cannot allocate memory");

        private final String wayOut;
        private final List<String> reasons;

        Kind(String wayOut, String... reasons) {
            this.wayOut = wayOut;
            this.reasons = List.of(reasons);
        }

        static Optional<Kind> of(IOException failure) {
            String reason = Disk.reason(failure);
            for (Kind kind : values()) {
                if (kind.reasons.stream().anyMatch(reason::contains)) {
                    return Optional.of(kind);
                }
            }
            return Optional.empty();
        }
    }

    private Shortage(String failure, String sentence, IOException cause) {
        super(sentence, cause);
        this.failure = failure;
    }

    /**
     * The error of a failure, if it is one of these.
     *
     * @param failed what failed and why: "Writing FILE failed: No space left on device"
     * @param then what follows the way out in the message, with its punctuation
     */
    static Optional<UserError> of(IOException failure, String failed, String then) {
        return Kind.of(failure).map(kind -> new Shortage(failed, failed + "; " + kind.wayOut + then, failure));
    }

    /** What failed and why, without the way out. */
    public String failure() {
        return failure;
    }

    /** The one among a failure and its causes; empty if none is. */
    public static Optional<Shortage> in(Throwable failure) {
        for (Throwable e = failure; e != null; e = e.getCause()) {
            if (e instanceof Shortage found) {
                return Optional.of(found);
            }
            if (e instanceof IOException io && Kind.of(io).isPresent()) {
                String what = failure.getMessage() == null ? Disk.reason(io) : failure.getMessage();
                return Optional.of(new Shortage(what, what, io));
            }
        }
        return Optional.empty();
    }

    /** The sentence for an {@link OutOfMemoryError} among a failure and its causes; empty if none is. */
    public static Optional<NotHere> ofMemory(Throwable failure) {
        for (Throwable e = failure; e != null; e = e.getCause()) {
            if (e instanceof OutOfMemoryError) {
                return Optional.of(new NotHere(sentence(String.valueOf(e.getMessage()))));
            }
        }
        return Optional.empty();
    }

    private static String sentence(String reason) {
        if (reason.contains("native thread")) {
            return "this process can't start another thread (%s): raise the limit of processes (ulimit -u), or that of its container"
                    .formatted(reason);
        }
        Matcher direct = DIRECT_LIMIT.matcher(reason);
        if (direct.find()) {
            return TOO_SMALL.formatted(reason, "", "-XX:MaxDirectMemorySize=" + twice(Long.parseLong(direct.group(1))));
        }
        long heap = Runtime.getRuntime().maxMemory();
        return TOO_SMALL.formatted(reason, "; its heap may have %d MiB".formatted(heap >> 20), "-Xmx" + twice(heap));
    }

    /** Twice as many bytes, in whole gibibytes as the JVM's options write them. */
    private static String twice(long bytes) {
        return Math.max(1, (2 * bytes + (1L << 30) - 1) >> 30) + "g";
    }
}
