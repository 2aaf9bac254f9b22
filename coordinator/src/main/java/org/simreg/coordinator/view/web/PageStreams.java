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
 * The event streams to all browsers: of the overview, or of one job. All of it runs on one context.
 */
final class PageStreams {
    private static final long NEWS_MS = 250;
    private static final long OVERVIEW_MS = 1000;
    private static final long KEEP_ALIVE_MS = 15_000;

    private final Context context;
    private final Consumer<Consumer<JobService>> jobs;
    private final Supplier<ClusterSurvey> survey;
    private final Supplier<String> overview;
    private final Map<String, JobFeed> feeds = new HashMap<>();
    private final Set<EventStream> overviews = new LinkedHashSet<>();
    private String sent = "";

    /**
     * @param jobs runs a task with the jobs, on the coordinator's thread
     * @param survey the latest survey of jobs and workers
     * @param overview the same as a line of JSON
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
        vertx.setPeriodic(NEWS_MS, timer -> sendNews());
        vertx.setPeriodic(OVERVIEW_MS, timer -> sendOverview());
        vertx.setPeriodic(KEEP_ALIVE_MS, timer -> keepAlive());
    }

    /** Sends a browser jobs and workers from now on. */
    void overview(EventStream stream) {
        overviews.add(stream);
        stream.whenGone(() -> overviews.remove(stream));
        sendOverview();
    }

    /** Sends a browser a job's story from now on. */
    void story(String job, EventStream stream) {
        JobFeed feed = feeds.computeIfAbsent(job, id -> new JobFeed(id, context, jobs));
        feed.join(stream);
        stream.whenGone(() -> left(job, feed, stream));
    }

    private void left(String job, JobFeed feed, EventStream stream) {
        if (feed.leave(stream) && feeds.remove(job, feed)) {
            feed.close();
        }
    }

    private void sendOverview() {
        if (overviews.isEmpty()) {
            return;
        }
        String now = overview.get();
        boolean news = !now.equals(sent);
        sent = now;
        for (EventStream stream : overviews) {
            if (stream.ready() && (news || !stream.current())) {
                stream.send("overview", now);
            }
        }
    }

    private void sendNews() {
        feeds.forEach((job, feed) -> feed.tick(active(job)));
    }

    private boolean active(String job) {
        return survey.get().jobs().stream()
                .filter(one -> one.getId().equals(job))
                .map(one -> one.getState())
                .anyMatch(state -> state == JobState.QUEUED || state == JobState.RUNNING || state == JobState.PAUSED);
    }

    private void keepAlive() {
        overviews.forEach(EventStream::keepAlive);
        feeds.values().forEach(JobFeed::keepAlive);
    }
}
