package org.simreg.worker.base.net;

import com.sun.management.UnixOperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.simreg.proto.UserError;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The bound of a process's incoming connections: in all, from one address, and by the descriptors
 * that are kept for files. Safe for all threads.
 */
public final class ConnectionBound {
    private static final Logger LOG = LoggerFactory.getLogger(ConnectionBound.class);
    private static final ConnectionBound PROCESS = new ConnectionBound(Most.usual(limit()), ConnectionBound::free);
    private static final long SAID_AGAIN = TimeUnit.MINUTES.toNanos(1);

    private final LongSupplier free;
    private final Map<InetAddress, Integer> held = new HashMap<>();
    private Most most;
    private int all;
    private long saidAt;
    private boolean said;

    /**
     * Bounds.
     *
     * @param all connections at a time
     * @param address connections from one address at a time
     * @param files descriptors that no connection may take
     */
    public record Most(int all, int address, int files) {
        private static final int LARGEST = 1_000_000;
        private static final int USUAL = 10_000;
        private static final int USUAL_ADDRESS = 1000;
        private static final int LEAST = 32;

        public Most {
            if (all < 1 || all > LARGEST || address < 1 || address > LARGEST) {
                throw new UserError("--max-connections and --max-connections-per-address are %d and %d; choose 1 to %d"
                        .formatted(all, address, LARGEST));
            }
        }

        /**
         * Half of the descriptors at most, half of those for one address; an eighth, and no fewer than
         * 32, stays for files.
         *
         * @param descriptors that the process may have open
         */
        public static Most usual(long descriptors) {
            int half = (int) Math.max(LEAST, Math.min(USUAL, descriptors / 2));
            int files = (int) Math.max(LEAST, Math.min(USUAL, descriptors / 8));
            return new Most(half, Math.min(USUAL_ADDRESS, Math.max(LEAST / 2, half / 2)), files);
        }

        /** The same with other numbers of connections, where they are given. */
        public Most with(Optional<Integer> all, Optional<Integer> address) {
            int total = all.orElse(this.all);
            return new Most(total, address.orElse(Math.min(total, this.address)), files);
        }
    }

    /**
     * @param free descriptors that are left
     */
    public ConnectionBound(Most most, LongSupplier free) {
        this.most = most;
        this.free = free;
    }

    /** The one bound of this process, as descriptors are the process's. */
    public static ConnectionBound ofProcess() {
        return PROCESS;
    }

    /** Changes the numbers of connections, where they are given. */
    public synchronized void set(Optional<Integer> all, Optional<Integer> address) {
        most = most.with(all, address);
    }

    /**
     * Takes a connection in.
     *
     * @return why not; empty if it may stay, and {@link #left} is to be told of its end
     */
    public synchronized Optional<String> admit(InetAddress from) {
        Optional<String> refusal = refusal(from);
        if (refusal.isPresent()) {
            say(from, refusal.get());
        } else {
            all++;
            held.merge(from, 1, Integer::sum);
        }
        return refusal;
    }

    private Optional<String> refusal(InetAddress from) {
        if (held.getOrDefault(from, 0) >= most.address) {
            return Optional.of(
                    "%d connections from one address are open, the most that --max-connections-per-address allows"
                            .formatted(most.address));
        }
        if (all >= most.all) {
            return Optional.of("%d connections are open, the most that --max-connections allows".formatted(most.all));
        }
        long left = free.getAsLong();
        return left > most.files
                ? Optional.empty()
                : Optional.of("%d descriptors are left, and %d are kept for files; raise ulimit -n"
                        .formatted(left, most.files));
    }

    private void say(InetAddress from, String refusal) {
        long now = System.nanoTime();
        if (!said || now - saidAt > SAID_AGAIN) {
            said = true;
            saidAt = now;
            LOG.warn(
                    "A connection from {} is refused: {}; others like it are not logged for a minute",
                    from.getHostAddress(),
                    refusal);
        }
    }

    /** A connection that was taken in has ended. */
    public synchronized void left(InetAddress from) {
        all--;
        held.computeIfPresent(from, (address, count) -> count == 1 ? null : count - 1);
    }

    /** Connections that are open. */
    public synchronized int open() {
        return all;
    }

    /** Descriptors that this process may have open. */
    private static long limit() {
        return system().map(UnixOperatingSystemMXBean::getMaxFileDescriptorCount)
                .orElse(Long.MAX_VALUE);
    }

    private static long free() {
        return system().map(one -> one.getMaxFileDescriptorCount() - one.getOpenFileDescriptorCount())
                .orElse(Long.MAX_VALUE);
    }

    private static Optional<UnixOperatingSystemMXBean> system() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix
                ? Optional.of(unix)
                : Optional.empty();
    }
}
