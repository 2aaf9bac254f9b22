package org.simreg.coordinator.grpc.bounds;

import io.netty.util.internal.PlatformDependent;
import java.util.EnumMap;
import java.util.Map;
import org.simreg.coordinator.grpc.bounds.MethodBound.Callers;

/**
 * The memory that requests may take from their first byte to the end of their call, shared out
 * among kinds of callers and, within a kind, among connections. Safe for all threads.
 */
final class InboundMemory {
    /** A connection always gets this, so that a health check is answered while strangers fill their share. */
    static final long FIRST = 16 << 10;

    /** One message of the largest size and what its frames take besides. */
    private static final long LARGEST = MethodBound.LARGEST + MethodBound.LARGEST / 2L;

    private static final long LEAST = 48L << 20;
    private static final long MOST = 512L << 20;

    private final Map<Callers, Long> most = new EnumMap<>(Callers.class);
    private final Map<Callers, Long> held = new EnumMap<>(Callers.class);

    /**
     * @param bytes of all requests together
     */
    InboundMemory(long bytes) {
        most.put(Callers.ANYBODY, bytes / 16);
        most.put(Callers.CLIENTS, bytes / 2);
        most.put(Callers.WORKERS, bytes * 7 / 16);
    }

    /** An eighth of the heap or a fourth of the direct memory, the smaller of both; 48 to 512 MiB. */
    static InboundMemory ofThisProcess() {
        long heap = Runtime.getRuntime().maxMemory() / 8;
        long direct = PlatformDependent.maxDirectMemory() / 4;
        return new InboundMemory(Math.max(LEAST, Math.min(MOST, Math.min(heap, direct))));
    }

    /** What one connection's requests take. */
    static final class Connection {
        private final Map<Callers, Long> held = new EnumMap<>(Callers.class);
    }

    /**
     * Takes memory for a request.
     *
     * @return whether it is to be had
     */
    synchronized boolean take(Callers callers, Connection connection, long bytes) {
        long all = held.getOrDefault(callers, 0L) + bytes;
        long own = connection.held.getOrDefault(callers, 0L) + bytes;
        boolean first = callers == Callers.ANYBODY && own <= FIRST;
        if (!first && (all > most.get(callers) || own > share(callers))) {
            return false;
        }
        held.put(callers, all);
        connection.held.put(callers, own);
        return true;
    }

    /** Gives back what was taken. */
    synchronized void give(Callers callers, Connection connection, long bytes) {
        held.merge(callers, -bytes, Long::sum);
        connection.held.merge(callers, -bytes, Long::sum);
    }

    /** Most bytes of one connection. */
    long share(Callers callers) {
        return switch (callers) {
            case ANYBODY -> most.get(callers) / 16;
            case CLIENTS, WORKERS -> Math.max(most.get(callers) / 4, Math.min(LARGEST, most.get(callers)));
        };
    }

    /** Bytes held now. */
    synchronized long held() {
        return held.values().stream().mapToLong(Long::longValue).sum();
    }
}
