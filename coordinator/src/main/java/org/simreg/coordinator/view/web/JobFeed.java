package org.simreg.coordinator.view.web;

import com.google.gson.JsonObject;
import io.vertx.core.Context;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import org.simreg.coordinator.control.JobService;
import org.simreg.coordinator.job.JobWatch;
import org.simreg.coordinator.view.report.JobStory;
import org.simreg.proto.JobEvent;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The feed of one job's {@link JobStory} to the browsers that follow it: one watch of the job,
 * however many they are. All of it runs on one context, to which the job's events come from the
 * coordinator's thread.
 */
final class JobFeed {
    private static final Logger LOG = LoggerFactory.getLogger(JobFeed.class);

    /** Most events on their way to the context; more follow when it has taken half of them. */
    private static final int MOST_WAITING = 256;

    private final String job;
    private final Context context;
    private final Consumer<Consumer<JobService>> jobs;
    private final Set<EventStream> streams = new LinkedHashSet<>();
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
            context.runOnContext(nothing -> {
                take(event);
                taken();
            });
            return waiting < MOST_WAITING;
        }

        /** Runs the task at once where enough events were taken since the answer to wait. */
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

    /** Watches the job from an event on: the past first, then what happens. */
    private void begin(long from) {
        ended = false;
        EventWatch watcher = new EventWatch();
        jobs.accept(service -> {
            try {
                long until = service.get(job).getNextSequence();
                context.runOnContext(nothing -> known = until);
                service.whenOpen(job, () -> service.watch(job, from, watcher)).whenComplete((opened, failure) -> {
                    if (failure == null) {
                        context.runOnContext(nothing -> opened(opened));
                    } else {
                        untold(failure instanceof CompletionException ? failure.getCause() : failure);
                    }
                });
            } catch (RuntimeException e) {
                untold(e);
            }
        });
    }

    private void untold(Throwable why) {
        LOG.warn("The job {} can't be shown", job, why);
        context.runOnContext(nothing -> trouble = String.valueOf(why.getMessage()));
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

    void join(EventStream stream) {
        streams.add(stream);
    }

    /** Removes a browser; whether nobody is left. */
    boolean leave(EventStream stream) {
        streams.remove(stream);
        return streams.isEmpty();
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
            sendTrouble();
        }
        if (next < known) {
            return;
        }
        String news = story.hasNews() ? line(story.news()) : "";
        String whole = "";
        for (EventStream stream : streams) {
            if (!stream.ready()) {
                continue;
            }
            if (!stream.current()) {
                whole = whole.isEmpty() ? line(story.whole()) : whole;
                stream.send("whole", whole);
            } else if (!news.isEmpty()) {
                stream.send("news", news);
            }
        }
        story.forget();
    }

    private void sendTrouble() {
        JsonObject message = new JsonObject();
        message.addProperty("trouble", trouble);
        String line = line(message);
        for (EventStream stream : streams) {
            if (stream.ready() && !stream.current()) {
                stream.send("trouble", line);
            }
        }
    }

    private String line(JsonObject message) {
        message.addProperty("job", job);
        return message.toString();
    }

    void keepAlive() {
        streams.forEach(EventStream::keepAlive);
    }

    void close() {
        closed = true;
        AutoCloseable open = watch;
        jobs.accept(service -> {
            try {
                open.close();
            } catch (Exception e) {
                LOG.warn("The page's watch of the job {} can't be closed", job, e);
            }
        });
        streams.forEach(EventStream::end);
        streams.clear();
    }
}
