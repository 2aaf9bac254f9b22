package org.simreg.coordinator.web;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.simreg.coordinator.observe.Survey;
import org.simreg.proto.JobState;

/** Who follows what: the overview, and the stories of jobs. All of it happens on one context. */
final class Streams {
    private static final long TELL_MS = 250;
    private static final long LOOK_MS = 1000;
    private static final long BEAT_MS = 15_000;

    private final Context context;
    private final Telling.Desk desk;
    private final Supplier<Survey> survey;
    private final Supplier<String> overview;
    private final Map<String, Telling> tellings = new HashMap<>();
    private final Set<Viewer> overviewers = new LinkedHashSet<>();
    private String shown = "";

    /**
     * @param survey the last look at jobs and workers
     * @param overview the same as the page gets it
     */
    Streams(Vertx vertx, Telling.Desk desk, Supplier<Survey> survey, Supplier<String> overview) {
        this.context = vertx.getOrCreateContext();
        this.desk = desk;
        this.survey = survey;
        this.overview = overview;
        vertx.setPeriodic(TELL_MS, timer -> tell());
        vertx.setPeriodic(LOOK_MS, timer -> show());
        vertx.setPeriodic(BEAT_MS, timer -> beat());
    }

    /** Shows jobs and workers from now on. */
    void overview(Viewer viewer) {
        overviewers.add(viewer);
        viewer.whenGone(() -> overviewers.remove(viewer));
        show();
    }

    /** Tells a job's story from now on. */
    void story(String job, Viewer viewer) {
        Telling telling = tellings.computeIfAbsent(job, id -> new Telling(id, context, desk));
        telling.join(viewer);
        viewer.whenGone(() -> left(job, telling, viewer));
    }

    private void left(String job, Telling telling, Viewer viewer) {
        if (telling.leave(viewer) && tellings.remove(job, telling)) {
            telling.close();
        }
    }

    private void show() {
        if (overviewers.isEmpty()) {
            return;
        }
        String now = overview.get();
        boolean news = !now.equals(shown);
        shown = now;
        for (Viewer viewer : overviewers) {
            if (viewer.ready() && (news || !viewer.current())) {
                viewer.send("overview", now);
            }
        }
    }

    private void tell() {
        tellings.forEach((job, telling) -> telling.tick(active(job)));
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
        overviewers.forEach(Viewer::beat);
        tellings.values().forEach(Telling::beat);
    }
}
