package org.simreg.coordinator.job.scale;

import java.util.ArrayList;
import java.util.List;
import org.simreg.coordinator.job.scale.ScaleService.Bounds;
import org.simreg.coordinator.job.schedule.Demand;

/**
 * The number of workers wanted, and why.
 *
 * @param workers within the bounds
 * @param used what the jobs can use of the maximum; less than {@code workers} if the minimum is
 *     more
 * @param reason one sentence
 */
record WorkersWanted(int workers, int used, String reason) {
    /**
     * What the jobs can use, handed out as the workers will be: each in its turn what it can't do
     * without, if that much is left of the maximum, then the rest, and at last helpers. The same demands in any order
     * give the same answer.
     *
     * @param demands of the jobs that train or want to
     */
    static WorkersWanted of(List<Demand> demands, Bounds bounds) {
        int left = bounds.max();
        long asked = 0;
        long helpers = 0;
        int more = 0;
        List<String> waiting = new ArrayList<>();
        for (Demand demand : demands.stream().sorted(Demand.ORDER).toList()) {
            int most = Math.max(demand.least(), demand.most());
            asked += most + demand.helpers().asked();
            helpers += demand.helpers().asked();
            if (demand.least() > left) {
                waiting.add(demand.job() + " needs " + demand.least());
            } else {
                left -= demand.least();
                more += most - demand.least() + demand.helpers().asked();
            }
        }
        int used = bounds.max() - left + Math.min(left, more);
        int workers = Math.max(bounds.min(), used);
        StringBuilder reason = new StringBuilder(jobs(demands.size(), asked));
        if (helpers > 0) {
            reason.append(", ").append(helpers).append(" of them as helpers");
        }
        if (asked > used) {
            reason.append(", at most ").append(bounds.max()).append(allowed(bounds.max()));
        }
        if (asked > used && !waiting.isEmpty()) {
            reason.append(" (").append(waiting.get(0)).append(others(waiting.size() - 1));
            reason.append(')');
        }
        if (workers > used) {
            reason.append(", at least ").append(workers).append(workers == 1 ? " is" : " are");
            reason.append(" kept");
        }
        return new WorkersWanted(workers, used, reason.toString());
    }

    private static String jobs(int jobs, long workers) {
        return switch (jobs) {
            case 0 -> "no job waits or trains";
            case 1 -> "1 job can use " + counted(workers);
            default -> jobs + " jobs can use " + counted(workers);
        };
    }

    private static String allowed(int max) {
        return max == 1 ? " is allowed" : " are allowed";
    }

    private static String others(int others) {
        return others == 0 ? "" : ", " + others + " more wait";
    }

    static String counted(long workers) {
        return workers == 1 ? "1 worker" : workers + " workers";
    }
}
