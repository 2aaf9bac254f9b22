package org.simreg.worker.member.connection;

import java.util.ArrayDeque;
import java.util.Deque;
import org.simreg.proto.Acknowledged;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.Generation.Measurement;
import org.simreg.proto.Measured;
import org.simreg.proto.Report;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reports of a job that the coordinator has not acknowledged yet: all are sent again, in order,
 * when a stream to it is opened anew. Commits and measurements are removed when they are acknowledged; of notices
 * the last thousand are kept. Used on one thread, but for {@link #awaitRoom}.
 */
final class UnacknowledgedReports {
    private static final Logger LOG = LoggerFactory.getLogger(UnacknowledgedReports.class);
    private static final int MOST_NOTICES = 1000;

    private final Deque<Report> reports = new ArrayDeque<>();
    private final int most;
    private int notices;

    /** Guarded by this. */
    private int commits;

    /** With room for a hundred thousand commits, some 50 MB. */
    UnacknowledgedReports() {
        this(100_000);
    }

    /**
     * @param most commits, before whoever makes them has to wait
     */
    UnacknowledgedReports(int most) {
        this.most = most;
    }

    /**
     * Waits until there are fewer commits than may be kept: the coordinator has been away for very long. Any thread.
     */
    synchronized void awaitRoom() {
        if (commits >= most) {
            LOG.warn(
                    "{} steps wait to be reported to the coordinator; the next one is not begun before it takes them",
                    commits);
        }
        try {
            while (commits >= most) {
                wait();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void count(int more) {
        commits += more;
        notifyAll();
    }

    /** Keeps a report; not Ready, which the coordinator asks for again. */
    void add(Report report) {
        if (report.hasReady()) {
            return;
        }
        if (report.hasHalted()) {
            reports.removeIf(Report::hasHalted);
        }
        if (isNotice(report) && ++notices > MOST_NOTICES) {
            reports.removeFirstOccurrence(reports.stream()
                    .filter(UnacknowledgedReports::isNotice)
                    .findFirst()
                    .orElseThrow());
            notices--;
        }
        reports.add(report);
        count(report.hasCommitted() ? 1 : 0);
    }

    private static boolean isNotice(Report report) {
        return report.hasTold() || report.hasSuspected();
    }

    void acknowledge(Acknowledged order) {
        if (order.hasMeasured()) {
            reports.removeIf(report -> report.hasMeasured() && isOf(order.getMeasured(), report.getMeasured()));
            return;
        }
        int before = reports.size();
        reports.removeIf(report ->
                report.hasCommitted() && report.getCommitted().getStep().getStep() <= order.getStep());
        count(reports.size() - before);
    }

    private static boolean isOf(Measurement measurement, Measured report) {
        EvaluationDone done = report.getEvaluation();
        return done.getSubject().equals(measurement.getSubject()) && done.getEpoch() == measurement.getEpoch();
    }

    /** A generation has begun: the halt before it need not be reported any more. */
    void begun() {
        reports.removeIf(Report::hasHalted);
    }

    void clear() {
        reports.clear();
        notices = 0;
        synchronized (this) {
            commits = 0;
            notifyAll();
        }
    }

    Iterable<Report> all() {
        return reports;
    }
}
