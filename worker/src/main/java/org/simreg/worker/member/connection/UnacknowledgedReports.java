package org.simreg.worker.member.connection;

import java.util.ArrayDeque;
import java.util.Deque;
import org.simreg.proto.Report;

/**
 * The reports about a job that the coordinator may not have got: all are said again, in order, when
 * a stream to it is opened anew. Commits leave when they are acknowledged; of sentences the last
 * thousand stay.
 */
final class UnacknowledgedReports {
    private static final int SENTENCES = 1000;

    private final Deque<Report> reports = new ArrayDeque<>();
    private int sentences;

    /** That a job is ready is asked for again by the coordinator. */
    void add(Report report) {
        if (report.hasReady()) {
            return;
        }
        if (report.hasHalted()) {
            reports.removeIf(Report::hasHalted);
        }
        if (report.hasTold() && ++sentences > SENTENCES) {
            reports.removeFirstOccurrence(
                    reports.stream().filter(Report::hasTold).findFirst().orElseThrow());
            sentences--;
        }
        reports.add(report);
    }

    void acknowledge(long step) {
        reports.removeIf(
                report ->
                        report.hasCommitted() && report.getCommitted().getStep().getStep() <= step);
    }

    /** A generation that has begun makes the halt before it old. */
    void begun() {
        reports.removeIf(Report::hasHalted);
    }

    void clear() {
        reports.clear();
        sentences = 0;
    }

    Iterable<Report> all() {
        return reports;
    }
}
