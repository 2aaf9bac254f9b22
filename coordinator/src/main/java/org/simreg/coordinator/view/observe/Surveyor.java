package org.simreg.coordinator.view.observe;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.MultiGauge.Row;
import io.micrometer.core.instrument.Tags;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.simreg.proto.JobState;
import org.simreg.proto.JobStatus;
import org.simreg.proto.WorkerStatus;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A cache of the latest {@link ClusterSurvey}, taken about every second, so that pages and metrics
 * never ask the coordinator themselves.
 */
public final class Surveyor {
    private static final Logger LOG = LoggerFactory.getLogger(Surveyor.class);

    private final Supplier<CompletionStage<ClusterSurvey>> source;
    private volatile ClusterSurvey latest = ClusterSurvey.EMPTY;
    private volatile long answered = System.nanoTime();
    private boolean pending;
    private MultiGauge loss;
    private MultiGauge progress;

    /**
     * @param source asks the coordinator for a survey
     */
    public Surveyor(Supplier<CompletionStage<ClusterSurvey>> source) {
        this.source = source;
    }

    /**
     * Takes another survey, unless the last one is still waited for; to be called about every
     * second, from one thread at a time.
     */
    public void survey() {
        synchronized (this) {
            if (pending) {
                return;
            }
            pending = true;
        }
        source.get().whenComplete(this::taken);
    }

    private void taken(ClusterSurvey survey, Throwable failure) {
        synchronized (this) {
            pending = false;
        }
        if (failure == null) {
            latest = survey;
            answered = System.nanoTime();
        } else {
            LOG.warn("Jobs and workers can't be listed", failure);
        }
    }

    /** The survey that was taken last. */
    public ClusterSurvey latest() {
        return latest;
    }

    /** How long ago the last survey was taken; before the first, how long ago this began. */
    public Duration age() {
        return Duration.ofNanos(System.nanoTime() - answered);
    }

    /** Registers gauges of jobs and workers by state, and of running jobs' loss and progress. */
    public void bindTo(Meters meters) {
        MeterRegistry registry = meters.registry();
        for (JobState state : JobState.values()) {
            if (state != JobState.UNRECOGNIZED) {
                Gauge.builder("simreg.jobs", this, me -> me.jobs(state))
                        .tag("state", JobMeters.label(state))
                        .description("Jobs by state; queued ones wait for workers")
                        .register(registry);
            }
        }
        for (WorkerStatus.State state : WorkerStatus.State.values()) {
            if (state != WorkerStatus.State.UNRECOGNIZED) {
                Gauge.builder("simreg.workers", this, me -> me.workers(state))
                        .tag("state", JobMeters.label(state))
                        .description("Workers that attend, by state")
                        .register(registry);
            }
        }
        loss = gauges(registry, "simreg.job.loss", "Loss of the last step of a running job");
        progress = gauges(registry, "simreg.job.progress.ratio", "Steps done of a running job");
    }

    private static MultiGauge gauges(MeterRegistry registry, String name, String what) {
        return MultiGauge.builder(name).description(what).register(registry);
    }

    /**
     * All metrics as text, with the gauges of the jobs that run now. One scrape after the other: a gauge that two threads
     * register at once would stand there twice.
     */
    public synchronized String scrape(Meters meters) {
        refresh();
        return meters.scrape();
    }

    private void refresh() {
        List<JobStatus> running = latest.jobs().stream()
                .filter(job -> job.getState() == JobState.RUNNING)
                .toList();
        loss.register(
                running.stream().map(job -> Row.of(tags(job), job::getLoss)).toList(), true);
        progress.register(
                running.stream().map(job -> Row.of(tags(job), () -> done(job))).toList(), true);
    }

    private static Tags tags(JobStatus job) {
        return Tags.of("job", job.getId());
    }

    private static Number done(JobStatus job) {
        return job.getTotalSteps() == 0 ? 0 : job.getStep() / (double) job.getTotalSteps();
    }

    private double jobs(JobState state) {
        return latest.states().getOrDefault(state, 0L);
    }

    private double workers(WorkerStatus.State state) {
        return latest.workers().stream().filter(one -> one.getState() == state).count();
    }
}
