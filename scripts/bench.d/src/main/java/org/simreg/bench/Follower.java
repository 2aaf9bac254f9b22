package org.simreg.bench;

import java.time.Duration;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.coordinator.grpc.client.JobEvents;
import org.simreg.proto.GenerationBegun;
import org.simreg.proto.JobEvent;
import org.simreg.proto.JobState;
import org.simreg.proto.Progress;
import org.simreg.proto.UserError;

/** The events of a job as they come, with the time at which they were seen. */
final class Follower implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final LinkedBlockingQueue<Seen> events = new LinkedBlockingQueue<>();
    private final JobEvents feed;

    /**
     * An event.
     *
     * @param nanos when it was seen, by {@link System#nanoTime}
     */
    public record Seen(Progress progress, long nanos) {}

    /**
     * @param job id
     */
    public Follower(ApiClient client, String job) {
        feed = new JobEvents(client, job, 0);
        Thread thread = new Thread(this::follow, "follower");
        thread.setDaemon(true);
        thread.start();
    }

    private void follow() {
        try {
            feed.run(this::take, notice -> {});
        } catch (UserError e) {
            // Whoever waits for events ends with its deadline, and this says why.
            System.err.println("The feed ended: " + e.getMessage());
        }
    }

    private void take(JobEvent event) {
        events.add(new Seen(event.getProgress(), System.nanoTime()));
    }

    /**
     * Waits for an event; those before it are passed over.
     *
     * @throws IllegalStateException if the job ends before, or nothing happens for two minutes
     */
    public Seen next(Predicate<Progress> wanted) {
        Seen last = null;
        while (true) {
            Seen seen = poll(last);
            if (wanted.test(seen.progress)) {
                return seen;
            }
            if (ends(seen.progress)) {
                throw new IllegalStateException("the job ended: " + seen.progress.getState());
            }
            last = seen;
        }
    }

    private Seen poll(Seen last) {
        try {
            Seen seen = events.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            if (seen == null) {
                throw new IllegalStateException("nothing happened for two minutes after " + last);
            }
            return seen;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while following a job", e);
        }
    }

    /** Passes over what has come until now. */
    public void forget() {
        events.clear();
    }

    /** Waits for the next committed step. */
    public Seen step() {
        return next(Progress::hasStep);
    }

    /** Waits until steps are committed up to this one, or a later one. */
    public Seen step(long step) {
        return next(event -> event.hasStep() && event.getStep().getStep() >= step);
    }

    /** Waits until a generation begins with so many workers. */
    public GenerationBegun workers(int count) {
        return next(event -> event.getGeneration().getWorkersCount() == count)
                .progress
                .getGeneration();
    }

    /** Waits until the job has ended, or waits for its workers, as wanted. */
    public void state(JobState wanted) {
        next(event -> event.hasState() && event.getState().getState() == wanted);
    }

    private static boolean ends(Progress event) {
        return event.hasState()
                && switch (event.getState().getState()) {
                    case SUCCEEDED, FAILED, CANCELLED -> true;
                    default -> false;
                };
    }

    @Override
    public void close() {
        feed.stop();
    }
}
