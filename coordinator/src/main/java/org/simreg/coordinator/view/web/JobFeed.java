package org.simreg.coordinator.view.web;

import com.google.gson.JsonObject;
import io.vertx.core.Context;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.Consumer;
import org.simreg.coordinator.control.JobService;
import org.simreg.coordinator.job.JobWatch;
import org.simreg.coordinator.view.report.JobStory;
import org.simreg.proto.JobEvent;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The feed of one job's story to the browsers that follow it: one watch of the job, however many
 * they are. All of it happens on one context, to which the job's events come from the coordinator's
 * thread.
 */
final class JobFeed {
    private static final Logger LOG = LoggerFactory.getLogger(JobFeed.class);

    /** Events under way: the coordinator's thread does other things between them. */
    private static final int MOST_WAITING = 256;

    private final String job;
    private final Context context;
    private final Consumer<Consumer<JobService>> jobs;
    private final Set<EventStream> viewers = new LinkedHashSet<>();
    private final JobStory story = new JobStory();
    private AutoCloseable watch = () -> {};
    private long known = Long.MAX_VALUE;
    private long next;
    private String trouble = "";
    private boolean ended;
    private boolean closed;

    /**
     * @param job its id
     * @param context of this feed
     * @param jobs runs a task with the jobs, on the coordinator's thread
     */
    JobFeed(String job, Context context, Consumer<Consumer<JobService>> jobs) {
        this.job = job;
        this.context = context;
        this.jobs = jobs;
        begin(0);
    }

    /**
     * A watch that carries events to the feed's context, so many at a time that an old job's
     * million events take no memory.
     */
    private final class EventWatch implements JobWatch.Watcher {
        private int waiting;
        private Runnable more;

        @Override
        public synchronized boolean event(JobEvent event) {
            waiting++;
            context.runOnContext(
                    nothing -> {
                        take(event);
                        taken();
                    });
            return waiting < MOST_WAITING;
        }

        /** What it was waiting for may have happened since it was told to wait. */
        @Override
        public synchronized void whenReady(Runnable task) {
            if (waiting < MOST_WAITING / 2) {
                task.run();
            } else {
                more = task;
            }
        }

        private synchronized void taken() {
            waiting--;
            if (more != null && waiting < MOST_WAITING / 2) {
                Runnable task = more;
                more = null;
                task.run();
            }
        }

        @Override
        public void ended() {
            context.runOnContext(nothing -> ended = true);
        }
    }

    /** The past first, as far as it is told now; then what happens. */
    private void begin(long from) {
        ended = false;
        EventWatch follow = new EventWatch();
        jobs.accept(
                desk -> {
                    try {
                        long until = desk.get(job).getNextSequence();
                        context.runOnContext(nothing -> known = until);
                        AutoCloseable opened = desk.watch(job, from, follow);
                        context.runOnContext(nothing -> opened(opened));
                    } catch (RuntimeException e) {
                        LOG.warn("The job {} can't be shown", job, e);
                        context.runOnContext(nothing -> trouble = String.valueOf(e.getMessage()));
                    }
                });
    }

    private void opened(AutoCloseable opened) {
        watch = opened;
        if (closed) {
            close();
        }
    }

    private void take(JobEvent event) {
        next = event.getSequence() + 1;
        story.add(event.getProgress());
    }

    void join(EventStream viewer) {
        viewers.add(viewer);
    }

    /** Whether nobody is left. */
    boolean leave(EventStream viewer) {
        viewers.remove(viewer);
        return viewers.isEmpty();
    }

    /**
     * Sends what is new; a few times a second.
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
        String news = story.hasNews() ? line(story.news()) : "";
        String whole = "";
        for (EventStream viewer : viewers) {
            if (!viewer.ready()) {
                continue;
            }
            if (!viewer.current()) {
                whole = whole.isEmpty() ? line(story.whole()) : whole;
                viewer.send("whole", whole);
            } else if (!news.isEmpty()) {
                viewer.send("news", news);
            }
        }
        story.forget();
    }

    private void complain() {
        JsonObject message = new JsonObject();
        message.addProperty("trouble", trouble);
        String said = line(message);
        for (EventStream viewer : viewers) {
            if (viewer.ready() && !viewer.current()) {
                viewer.send("trouble", said);
            }
        }
    }

    private String line(JsonObject message) {
        message.addProperty("job", job);
        return message.toString();
    }

    void beat() {
        viewers.forEach(EventStream::beat);
    }

    void close() {
        closed = true;
        AutoCloseable open = watch;
        jobs.accept(
                desk -> {
                    try {
                        open.close();
                    } catch (Exception e) {
                        LOG.warn("The page's watch of the job {} can't be closed", job, e);
                    }
                });
        viewers.forEach(EventStream::end);
        viewers.clear();
    }
}
