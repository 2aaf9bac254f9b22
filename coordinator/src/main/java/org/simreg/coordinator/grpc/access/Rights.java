package org.simreg.coordinator.grpc.access;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The rights to call RPCs: the role that each RPC needs, in one table. */
public final class Rights {
    /** The role that an RPC needs which the table doesn't name. */
    static final Role UNKNOWN = Role.OPERATE;

    private static final Map<String, Role> METHODS = Map.ofEntries(
            Map.entry("simreg.v1.Jobs/Submit", Role.SUBMIT),
            Map.entry("simreg.v1.Jobs/Get", Role.READ),
            Map.entry("simreg.v1.Jobs/List", Role.READ),
            Map.entry("simreg.v1.Jobs/Watch", Role.READ),
            Map.entry("simreg.v1.Jobs/Cancel", Role.OPERATE),
            Map.entry("simreg.v1.Jobs/Pause", Role.OPERATE),
            Map.entry("simreg.v1.Jobs/Resume", Role.OPERATE),
            Map.entry("simreg.v1.Jobs/SetPriority", Role.OPERATE),
            Map.entry("simreg.v1.Jobs/ListWorkers", Role.READ),
            Map.entry("simreg.v1.Workers/Attend", Role.WORKER),
            Map.entry("simreg.v1.Workers/PutCheckpoint", Role.WORKER),
            Map.entry("simreg.v1.Workers/GetCheckpoint", Role.WORKER),
            Map.entry("simreg.v1.Samples/Describe", Role.WORKER),
            Map.entry("simreg.v1.Samples/Read", Role.WORKER),
            Map.entry("simreg.v1.Samples/Weights", Role.WORKER),
            Map.entry("simreg.v1.Scale/Get", Role.READ),
            Map.entry("simreg.v1.Scale/Set", Role.OPERATE),
            Map.entry("simreg.v1.Search/CreateBank", Role.SUBMIT),
            Map.entry("simreg.v1.Search/ListBanks", Role.READ),
            Map.entry("simreg.v1.Search/DescribeBank", Role.READ),
            Map.entry("simreg.v1.Search/WatchBank", Role.READ),
            Map.entry("simreg.v1.Search/DeleteBank", Role.OPERATE),
            Map.entry("simreg.v1.Search/Search", Role.READ),
            Map.entry("simreg.v1.Search/SearchStream", Role.READ),
            Map.entry("simreg.v1.Search/Classify", Role.READ),
            Map.entry("simreg.v1.Shards/GetShard", Role.WORKER),
            Map.entry("simreg.v1.Shards/PutShard", Role.WORKER),
            Map.entry("grpc.reflection.v1.ServerReflection/ServerReflectionInfo", Role.READ),
            Map.entry("grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", Role.READ));

    /**
     * Services for callers that can't send a token: Kubernetes' probes, and KEDA, whose external
     * scalers take certificates only. They tell nothing but health and numbers.
     */
    private static final Set<String> FOR_ALL = Set.of("grpc.health.v1.Health", "externalscaler.ExternalScaler");

    private Rights() {}

    /** Whether the table names an RPC. */
    static boolean names(String method) {
        return METHODS.containsKey(method) || FOR_ALL.contains(service(method));
    }

    /**
     * The role that an RPC needs.
     *
     * @param method full name, such as "simreg.v1.Jobs/Get"
     * @return none if everybody may call it
     */
    static Optional<Role> needed(String method) {
        return FOR_ALL.contains(service(method))
                ? Optional.empty()
                : Optional.of(METHODS.getOrDefault(method, UNKNOWN));
    }

    private static String service(String method) {
        return method.substring(0, method.indexOf('/'));
    }

    /**
     * A role: what the bearer of a token may do; each but {@link #WORKER} may do what those before
     * it may.
     */
    public enum Role {
        /** Look at jobs and workers. */
        READ,
        /** Queue jobs. */
        SUBMIT,
        /** Cancel, pause, resume and prioritize anybody's jobs. */
        OPERATE,
        /** Attend as a worker: take orders, read data, send checkpoints; nothing else. */
        WORKER;

        /** Whether this role is enough where another is needed. */
        boolean covers(Role needed) {
            return this == needed || this != WORKER && needed != WORKER && compareTo(needed) > 0;
        }

        /** As people write it. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
