package org.simreg.worker.member.connection;

import java.util.ArrayDeque;
import java.util.Deque;
import org.simreg.proto.Report;

/**
 * Reports of a job that the coordinator has not acknowledged yet: all are sent again, in order,
 * when a stream to it is opened anew. Commits are removed when they are acknowledged; of notices
 * the last thousand are kept.
 */
final class UnacknowledgedReports {
    private static final int MOST_NOTICES = 1000;

    private final Deque<Report> reports = new ArrayDeque<>();
    private int notices;

    /** Keeps a report; not Ready, which the coordinator asks for again. */
    void add(Report report) {
        if (report.hasReady()) {
            return;
        }
        if (report.hasHalted()) {
            reports.removeIf(Report::hasHalted);
        }
        if (report.hasTold() && ++notices > MOST_NOTICES) {
            reports.removeFirstOccurrence(
                    reports.stream().filter(Report::hasTold).findFirst().orElseThrow());
            notices--;
        }
        reports.add(report);
    }

    void acknowledge(long step) {
        reports.removeIf(report ->
                report.hasCommitted() && report.getCommitted().getStep().getStep() <= step);
    }

    /** A generation has begun: the halt before it need not be reported any more. */
    void begun() {
        reports.removeIf(Report::hasHalted);
    }

    void clear() {
        reports.clear();
        notices = 0;
    }

    Iterable<Report> all() {
        return reports;
    }
}
