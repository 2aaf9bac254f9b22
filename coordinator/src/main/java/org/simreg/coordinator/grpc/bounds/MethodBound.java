package org.simreg.coordinator.grpc.bounds;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.Map;

/**
 * The bound of an RPC's requests: most bytes of one message, and whose memory holds them.
 *
 * @param method full name, such as "simreg.v1.Jobs/Get"
 * @param bytes most bytes of a message
 * @param callers the share of memory that the messages count against
 */
record MethodBound(String method, int bytes, Callers callers) {
    /** Largest message of any RPC: queries, which hold vectors or pictures. */
    static final int LARGEST = 16 << 20;

    /** For callers without a token: a health check has about a hundred bytes, KEDA's calls some hundreds. */
    private static final int TINY = 4 << 10;

    /** Names and paths. */
    private static final int SMALL = 64 << 10;

    private static final Map<String, Size> METHODS = Map.ofEntries(
            Map.entry("grpc.health.v1.Health", new Size(TINY, Callers.ANYBODY)),
            Map.entry("externalscaler.ExternalScaler", new Size(TINY, Callers.ANYBODY)),
            // A job has 16 KiB at most; a setting that makes it larger is named.
            Map.entry("simreg.v1.Jobs/Submit", new Size(2 << 20, Callers.CLIENTS)),
            Map.entry("simreg.v1.Search/Search", new Size(LARGEST, Callers.CLIENTS)),
            Map.entry("simreg.v1.Search/SearchStream", new Size(LARGEST, Callers.CLIENTS)),
            Map.entry("simreg.v1.Search/Classify", new Size(LARGEST, Callers.CLIENTS)),
            // The samples of a step, the trace of a failure.
            Map.entry("simreg.v1.Workers/Attend", new Size(4 << 20, Callers.WORKERS)),
            // Parts of a file have 1 MiB at most.
            Map.entry("simreg.v1.Workers/PutCheckpoint", new Size(2 << 20, Callers.WORKERS)),
            Map.entry("simreg.v1.Workers", new Size(SMALL, Callers.WORKERS)),
            Map.entry("simreg.v1.Shards/PutShard", new Size(2 << 20, Callers.WORKERS)),
            Map.entry("simreg.v1.Shards", new Size(SMALL, Callers.WORKERS)),
            // At most 4096 ids, each with what the worker holds.
            Map.entry("simreg.v1.Samples/Read", new Size(1 << 20, Callers.WORKERS)),
            Map.entry("simreg.v1.Samples", new Size(SMALL, Callers.WORKERS)));

    /** Who may call an RPC at least, by whom memory is shared out. */
    enum Callers {
        /** Whoever reaches the port, without a token. */
        ANYBODY,
        CLIENTS,
        WORKERS
    }

    private record Size(int bytes, Callers callers) {}

    /** The bound of an RPC, also of one that there isn't. */
    static MethodBound of(String method) {
        int slash = Math.max(0, method.lastIndexOf('/'));
        Size usual = METHODS.getOrDefault(method.substring(0, slash), new Size(SMALL, Callers.CLIENTS));
        Size size = METHODS.getOrDefault(method, usual);
        return new MethodBound(method, size.bytes, size.callers);
    }

    /** The refusal of a larger message. */
    StatusRuntimeException tooLarge() {
        return Status.RESOURCE_EXHAUSTED
                .withDescription(
                        "A message to %s may have at most %d bytes; send less at a time".formatted(method, bytes))
                .asRuntimeException();
    }
}
