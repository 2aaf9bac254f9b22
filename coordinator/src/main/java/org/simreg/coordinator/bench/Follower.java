package org.simreg.coordinator.bench;

import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.simreg.coordinator.client.ApiClient;
import org.simreg.coordinator.client.Feed;
import org.simreg.proto.JobEvent;
import org.simreg.proto.Progress;

/** The events of a job as they come, with the time at which they were seen. */
final class Follower implements AutoCloseable {
    private final LinkedBlockingQueue<Seen> events = new LinkedBlockingQueue<>();
    private final Feed feed;

    /** An event and when it was seen, by {@link System#nanoTime}. */
    record Seen(Progress progress, long nanos) {}

    Follower(ApiClient client, String job) {
        feed = new Feed(client, job, 0);
        Thread thread = new Thread(() -> feed.run(this::take, notice -> {}), "follower");
        thread.setDaemon(true);
        thread.start();
    }

    private void take(JobEvent event) {
        events.add(new Seen(event.getProgress(), System.nanoTime()));
    }

    /** Waits for the next event of a kind; those before it are passed over. */
    Seen next(Predicate<Progress> wanted) {
        try {
            while (true) {
                Seen seen = events.poll(2, TimeUnit.MINUTES);
                if (seen == null) {
                    throw new IllegalStateException("nothing happened for two minutes");
                }
                if (seen.progress.hasState()
                        && seen.progress.getState().getState().getNumber() >= 3) {
                    throw new IllegalStateException("the job ended: " + seen.progress);
                }
                if (wanted.test(seen.progress)) {
                    return seen;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    @Override
    public void close() {
        feed.stop();
    }
}
