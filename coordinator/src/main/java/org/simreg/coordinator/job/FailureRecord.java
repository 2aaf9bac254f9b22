package org.simreg.coordinator.job;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.simreg.proto.BrokenImage;
import org.simreg.proto.JobRecord;

/** The record of a job's failures: which workers failed at it, and whether they may try again. */
public final class FailureRecord {
    private static final int TRIES = 3;
    private static final int MOST_WITHOUT_PROGRESS = 5;
    private static final int MOST_LOADING = 4;
    private static final long PAUSE_MS = 1000;
    private static final long LONGEST_PAUSE_MS = 30_000;
    private static final long FIRST_REST_MS = 10_000;
    private static final long LONGEST_REST_MS = 300_000;
    private static final long LONGEST_TRY_MS = 60_000;

    private final Map<String, String> excluded = new HashMap<>();
    private final Map<String, Integer> failures = new HashMap<>();
    private final Map<String, Integer> shortages = new HashMap<>();
    private final Map<String, Integer> silences = new HashMap<>();
    private final Map<String, Long> until = new HashMap<>();
    private final Set<String> refusers = new HashSet<>();
    private final Set<String> broken = new HashSet<>();
    private final Set<String> suspects = new HashSet<>();
    private final Set<String> marks = new HashSet<>();
    private int withoutProgress;
    private int endedLoading;
    private int losses;
    private int unanswered;
    private long lostAt = Long.MIN_VALUE / 2;
    private long restsUntil;
    private String whyRests = "";
    private boolean untold;

    /** Excludes a worker from the job, for this reason, until the job is resumed. */
    public void exclude(String worker, String reason) {
        excluded.put(worker, reason);
    }

    /** Why a worker may not serve the job now; empty if it may. */
    public Optional<String> objection(String worker, long now) {
        if (excluded.containsKey(worker)) {
            return Optional.of(excluded.get(worker));
        }
        return now < until.getOrDefault(worker, 0L)
                ? Optional.of("it failed and is tried again soon")
                : Optional.empty();
    }

    /** The workers that may not serve the job now. */
    public Set<String> objected(long now) {
        Set<String> all = new HashSet<>(excluded.keySet());
        until.forEach((worker, end) -> {
            if (now < end) {
                all.add(worker);
            }
        });
        return all;
    }

    /**
     * A worker says that the job itself is at fault.
     *
     * @return whether a second one has said so
     */
    public boolean refused(String worker) {
        refusers.add(worker);
        return refusers.size() > 1;
    }

    /**
     * A worker has failed.
     *
     * @return whether it may try again, after a pause that doubles
     */
    public boolean mayRetry(String worker, long now) {
        int times = failures.merge(worker, 1, Integer::sum);
        until.put(worker, now + (PAUSE_MS << Math.min(times - 1, 10)));
        return times <= TRIES;
    }

    /** A worker lacked room, descriptors or memory: it tries again after a pause that doubles up to half a minute. */
    public void lacksRoom(String worker, long now) {
        int times = shortages.merge(worker, 1, Integer::sum);
        until.put(worker, now + Math.min(LONGEST_PAUSE_MS, PAUSE_MS << Math.min(times - 1, 10)));
    }

    /**
     * A worker was lost while it served the job. When that has happened five times without a step in between, the job
     * rests, for ten seconds that double up to five minutes: what ends its workers would else take them from all other jobs.
     * Workers that are lost together count once.
     *
     * @return milliseconds for which it rests from now on; 0 if it goes on
     */
    public long lost(long now) {
        if (now - lostAt < PAUSE_MS) {
            return 0;
        }
        lostAt = now;
        losses++;
        if (losses < MOST_WITHOUT_PROGRESS) {
            return 0;
        }
        whyRests = "it rests, because its workers end again and again";
        return rest(now, losses - MOST_WITHOUT_PROGRESS);
    }

    /**
     * Storage of the job gives a worker no answer: it tries again after a pause of twenty seconds that doubles up to ten
     * minutes, twice as long as the job rests, so that others are asked first.
     */
    public void silent(String worker, long now) {
        int times = silences.merge(worker, 1, Integer::sum);
        until.put(worker, now + 2 * restMs(times - 1));
    }

    /**
     * Storage of the job gives no answer to anybody who serves it: it rests, for ten seconds that double up to five minutes,
     * so that other jobs have its workers.
     *
     * @return milliseconds for which it rests from now on
     */
    public long unanswered(long now) {
        whyRests = "it rests, because its storage gives no answer";
        return rests(now) ? restsUntil - now : rest(now, unanswered++);
    }

    /**
     * For how long a worker that loads the job waits for its storage: after it has given no answer, ten seconds that double up
     * to a minute, so that trying again holds nobody up; 0: as usual.
     */
    public int storagePatienceMs() {
        return unanswered == 0 ? 0 : (int) Math.min(LONGEST_TRY_MS, FIRST_REST_MS << Math.min(unanswered - 1, 10));
    }

    private long rest(long now, int times) {
        restsUntil = now + restMs(times);
        return restMs(times);
    }

    private static long restMs(int times) {
        return Math.min(LONGEST_REST_MS, FIRST_REST_MS << Math.min(times, 10));
    }

    /** Whether the job rests, so that others have its workers. */
    public boolean rests(long now) {
        return now < restsUntil;
    }

    /** Why it rests, if it does. */
    public String whyRests() {
        return whyRests;
    }

    /**
     * A process has ended while it loaded the job.
     *
     * @param mark of the process; what it says is heard once
     * @return whether too many have, and nobody has loaded the job in between
     */
    public boolean endedLoading(String mark) {
        if (marks.add(mark)) {
            endedLoading++;
        }
        return endedLoading >= MOST_LOADING;
    }

    /** A worker has loaded the job, so that it was by chance that processes ended at that. */
    public void loaded() {
        endedLoading = 0;
        unanswered = 0;
    }

    /**
     * A generation has ended because its members don't reach each other.
     *
     * @return whether that happened too often without a step in between
     */
    public boolean withoutProgress() {
        withoutProgress++;
        return withoutProgress >= MOST_WITHOUT_PROGRESS;
    }

    /**
     * A worker can't read an image.
     *
     * @param image one of others than the train images isn't counted
     * @return why the job can't go on, once its workers together know of more than its settings allow
     */
    public Optional<String> unreadable(BrokenImage image, JobRecord job) {
        double most = job.getJob().getDataset().getMaxBroken();
        long images = job.getStarted().getTrainImages();
        boolean more = image.getTrain() && broken.add(image.getFile());
        return more && images > 0 && broken.size() > most * images
                ? Optional.of(
                        "%d of the %d images can't be read by the workers so far, %s the last of them; dataset.max_broken allows %s of all. Mend or remove them, or allow more with --max-broken"
                                .formatted(broken.size(), images, image.getFile(), most))
                : Optional.empty();
    }

    /**
     * A process of the job has ended while it decoded an image.
     *
     * @param mark of the process; what it says is heard once
     * @return whether one has before, and nobody has decoded the image in between
     */
    public boolean endedAt(String image, String mark) {
        return marks.add(mark) && !suspects.add(image);
    }

    /** An image has been decoded, so that it was by chance that a process ended at it. */
    public void cleared(String image) {
        suspects.remove(image);
    }

    /** Images that a process was decoding when it ended, and nobody since. */
    public Set<String> suspects() {
        return Set.copyOf(suspects);
    }

    /** A step is done: what went wrong before is forgotten. */
    void progressed() {
        withoutProgress = 0;
        losses = 0;
        shortages.clear();
        silences.clear();
    }

    /** Whether it is the first time that how far the job is can't be told: once is enough for a log. */
    boolean untoldFirst() {
        boolean first = !untold;
        untold = true;
        return first;
    }

    /** Somebody resumes the job: everyone may try again. */
    public void reset() {
        excluded.clear();
        failures.clear();
        shortages.clear();
        silences.clear();
        until.clear();
        refusers.clear();
        broken.clear();
        suspects.clear();
        marks.clear();
        withoutProgress = 0;
        endedLoading = 0;
        losses = 0;
        unanswered = 0;
        restsUntil = 0;
    }
}
