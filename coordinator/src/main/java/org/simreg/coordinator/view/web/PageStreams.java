package org.simreg.coordinator.view.web;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.simreg.coordinator.control.JobService;
import org.simreg.coordinator.view.observe.ClusterSurvey;
import org.simreg.proto.JobState;

/**
 * The streams to all browsers: of the overview, or of a job's story. All of it happens on one
 * context.
 */
final class PageStreams {
    private static final long TELL_MS = 250;
    private static final long LOOK_MS = 1000;
    private static final long BEAT_MS = 15_000;

    private final Context context;
    private final Consumer<Consumer<JobService>> jobs;
    private final Supplier<ClusterSurvey> survey;
    private final Supplier<String> overview;
    private final Map<String, JobFeed> feeds = new HashMap<>();
    private final Set<EventStream> overviewers = new LinkedHashSet<>();
    private String shown = "";

    /**
     * @param jobs runs a task with the jobs, on the coordinator's thread
     * @param survey the last look at jobs and workers
     * @param overview the same as the page gets it
     */
    PageStreams(
            Vertx vertx,
            Consumer<Consumer<JobService>> jobs,
            Supplier<ClusterSurvey> survey,
            Supplier<String> overview) {
        this.context = vertx.getOrCreateContext();
        this.jobs = jobs;
        this.survey = survey;
        this.overview = overview;
        vertx.setPeriodic(TELL_MS, timer -> tell());
        vertx.setPeriodic(LOOK_MS, timer -> show());
        vertx.setPeriodic(BEAT_MS, timer -> beat());
    }

    /** Shows jobs and workers from now on. */
    void overview(EventStream viewer) {
        overviewers.add(viewer);
        viewer.whenGone(() -> overviewers.remove(viewer));
        show();
    }

    /** Tells a job's story from now on. */
    void story(String job, EventStream viewer) {
        JobFeed feed = feeds.computeIfAbsent(job, id -> new JobFeed(id, context, jobs));
        feed.join(viewer);
        viewer.whenGone(() -> left(job, feed, viewer));
    }

    private void left(String job, JobFeed feed, EventStream viewer) {
        if (feed.leave(viewer) && feeds.remove(job, feed)) {
            feed.close();
        }
    }

    private void show() {
        if (overviewers.isEmpty()) {
            return;
        }
        String now = overview.get();
        boolean news = !now.equals(shown);
        shown = now;
        for (EventStream viewer : overviewers) {
            if (viewer.ready() && (news || !viewer.current())) {
                viewer.send("overview", now);
            }
        }
    }

    private void tell() {
        feeds.forEach((job, feed) -> feed.tick(active(job)));
    }

    private boolean active(String job) {
        return survey.get().jobs().stream()
                .filter(one -> one.getId().equals(job))
                .map(one -> one.getState())
                .anyMatch(
                        state ->
                                state == JobState.QUEUED
                                        || state == JobState.RUNNING
                                        || state == JobState.PAUSED);
    }

    private void beat() {
        overviewers.forEach(EventStream::beat);
        feeds.values().forEach(JobFeed::beat);
    }
}
