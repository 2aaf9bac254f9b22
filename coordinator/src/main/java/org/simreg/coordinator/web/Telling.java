package org.simreg.coordinator.web;

import io.vertx.core.Context;
import io.vertx.core.json.JsonObject;
import java.util.LinkedHashSet;
import java.util.Set;
import org.simreg.coordinator.api.JobDesk;
import org.simreg.proto.JobEvent;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A job's story and those who follow it: one watch of the job, however many they are. All of it
 * happens on one context.
 */
final class Telling {
    private static final Logger LOG = LoggerFactory.getLogger(Telling.class);

    private final String job;
    private final Context context;
    private final Desk desk;
    private final Set<Viewer> viewers = new LinkedHashSet<>();
    private final Story story = new Story();
    private AutoCloseable watch = () -> {};
    private long known = Long.MAX_VALUE;
    private long next;
    private String trouble = "";
    private boolean ended;
    private boolean over;

    /** The keeper, asked on its thread. */
    interface Desk {
        /** Runs a task there. */
        void run(java.util.function.Consumer<JobDesk> task);
    }

    Telling(String job, Context context, Desk desk) {
        this.job = job;
        this.context = context;
        this.desk = desk;
        begin(0);
    }

    /** The past first, as far as it is told now; then what happens. */
    private void begin(long from) {
        ended = false;
        Follow follow = new Follow(context, this::take, () -> ended = true);
        desk.run(
                jobs -> {
                    try {
                        long until = jobs.get(job).getNextSequence();
                        context.runOnContext(nothing -> known = until);
                        AutoCloseable opened = jobs.watch(job, from, follow);
                        context.runOnContext(nothing -> opened(opened));
                    } catch (RuntimeException e) {
                        LOG.warn("The job {} can't be shown", job, e);
                        context.runOnContext(nothing -> trouble = String.valueOf(e.getMessage()));
                    }
                });
    }

    private void opened(AutoCloseable opened) {
        watch = opened;
        if (over) {
            close();
        }
    }

    private void take(JobEvent event) {
        next = event.getSequence() + 1;
        story.add(event.getProgress());
    }

    void join(Viewer viewer) {
        viewers.add(viewer);
    }

    /** Whether nobody is left. */
    boolean leave(Viewer viewer) {
        viewers.remove(viewer);
        return viewers.isEmpty();
    }

    /**
     * Tells what is new; a few times a second.
     *
     * @param active whether the job goes on, perhaps again
     */
    void tick(boolean active) {
        if (ended && active) {
            begin(next);
        }
        if (!trouble.isEmpty()) {
            complain();
        }
        if (next < known) {
            return;
        }
        String news = story.changed() ? encoded(story.news()) : "";
        String whole = "";
        for (Viewer viewer : viewers) {
            if (!viewer.ready()) {
                continue;
            }
            if (!viewer.current()) {
                whole = whole.isEmpty() ? encoded(story.whole()) : whole;
                viewer.send("whole", whole);
            } else if (!news.isEmpty()) {
                viewer.send("news", news);
            }
        }
        story.forget();
    }

    private void complain() {
        String said = encoded(new JsonObject().put("trouble", trouble));
        for (Viewer viewer : viewers) {
            if (viewer.ready() && !viewer.current()) {
                viewer.send("trouble", said);
            }
        }
    }

    private String encoded(JsonObject message) {
        return message.put("job", job).encode();
    }

    void beat() {
        viewers.forEach(Viewer::beat);
    }

    void close() {
        over = true;
        AutoCloseable open = watch;
        desk.run(
                jobs -> {
                    try {
                        open.close();
                    } catch (Exception e) {
                        LOG.warn("The page's watch of the job {} can't be closed", job, e);
                    }
                });
        viewers.forEach(Viewer::end);
        viewers.clear();
    }
}
