package org.simreg.worker.features.serve;

import java.lang.management.ManagementFactory;
import org.simreg.worker.data.storage.WorkerSettings;

/**
 * The settings by which a worker answers searches.
 *
 * @param worker device, threads and where files are kept
 * @param memory most bytes that open shards may take, mapped files included
 */
public record ServeSettings(WorkerSettings worker, long memory) {
    /** Half of the machine's memory for shards. */
    public static ServeSettings of(WorkerSettings worker) {
        var system = ManagementFactory.getOperatingSystemMXBean();
        long memory =
                system instanceof com.sun.management.OperatingSystemMXBean known
                        ? known.getTotalMemorySize() / 2
                        : Runtime.getRuntime().maxMemory();
        return new ServeSettings(worker, memory);
    }
}
