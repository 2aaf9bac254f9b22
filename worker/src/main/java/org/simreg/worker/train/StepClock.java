package org.simreg.worker.train;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.simreg.proto.StepDone;
import org.simreg.worker.engine.torch.Transfers.Timeline;

/**
 * The wall time of a step, by the parts that it was spent in. Where a device computes while the host goes on, the parts
 * are the device's: what it computes between two marks, or stands still for. Nobody waits for them: those that are not
 * over when a step is read are the next one's.
 */
public final class StepClock implements AutoCloseable {
    /** A part of a step. */
    enum Part {
        DATA,
        TEACHER,
        HELP,
        STUDENT,
        REDUCE,
        UPDATE
    }

    /** Weight of the newest feature in the mean of their times. */
    private static final double NEWEST = 0.25;

    /**
     * What a time was spent for.
     *
     * @param part empty: for nothing that belongs to a step
     * @param teacher of all; -1: none of several
     * @param computed whether it was the computing of a teacher's feature
     */
    private record Purpose(Optional<Part> part, int teacher, boolean computed) {
        static final Purpose NONE = new Purpose(Optional.empty(), -1, false);

        static Purpose of(Part part) {
            return new Purpose(Optional.of(part), -1, false);
        }
    }

    /** A time on the device, which ends where the next one begins. */
    private record Span(Purpose purpose, long from, long to) {}

    private final Map<Part, Long> nanos = new EnumMap<>(Part.class);
    private final long[] teachers;
    private final double[] computing;
    private final Optional<Timeline> device;
    private final Deque<Span> open = new ArrayDeque<>();
    private int features;
    private int ahead;
    private long begun = System.nanoTime();
    private long mark = begun;
    /** The last mark on the device. */
    private long last;

    /** Of a device that is the host. */
    public StepClock(int teachers) {
        this(teachers, Optional.empty());
    }

    /**
     * @param teachers how many there are
     * @param device where it is another than the host
     */
    public StepClock(int teachers, Optional<Timeline> device) {
        this.teachers = new long[teachers];
        computing = new double[teachers];
        this.device = device;
        device.ifPresent(line -> last = line.mark());
    }

    /** Charges the time since the last mark to a part. */
    void charge(Part part) {
        charge(Purpose.of(part));
    }

    private void charge(Purpose purpose) {
        long now = System.nanoTime();
        if (device.isPresent()) {
            long next = device.get().mark();
            open.add(new Span(purpose, last, next));
            last = next;
        } else {
            spent(purpose, now - mark);
        }
        mark = now;
    }

    private void spent(Purpose purpose, long time) {
        purpose.part.ifPresent(part -> nanos.merge(part, time, Long::sum));
        if (purpose.computed) {
            double before = computing[purpose.teacher];
            computing[purpose.teacher] = before == 0 ? time : (1 - NEWEST) * before + NEWEST * time;
        }
        if (purpose.teacher >= 0) {
            teachers[purpose.teacher] += time;
        }
    }

    /** Charges what the device has done since it was asked last. */
    private void settle(Timeline line) {
        while (!open.isEmpty()) {
            Span span = open.peek();
            OptionalLong time = line.between(span.from, span.to);
            if (time.isEmpty()) {
                return;
            }
            spent(span.purpose, time.getAsLong());
            line.free(span.from);
            open.remove();
        }
    }

    /** Charges the time since the last mark to the computing of one of the teachers' features. */
    void chargeComputed(int teacher) {
        features++;
        charge(new Purpose(Optional.of(Part.TEACHER), teacher, true));
    }

    /** Charges the time since the last mark to the waiting for a helper's features, which have come. */
    void chargeGiven() {
        features++;
        ahead++;
        charge(Part.HELP);
    }

    /** What one teacher's features of a micro-batch take here, in nanoseconds; 0 before it is known. */
    double computing(int teacher) {
        return computing[teacher];
    }

    /** Leaves the time since the last mark uncharged: an evaluation is no part of a step. */
    void skip() {
        begun += System.nanoTime() - mark;
        charge(Purpose.NONE);
    }

    /** Writes the times since the last call and starts anew. */
    StepDone.Builder read() {
        device.ifPresent(this::settle);
        long now = System.nanoTime();
        StepDone.Builder done = StepDone.newBuilder()
                .setDataSeconds(seconds(Part.DATA))
                .setTeacherSeconds(seconds(Part.TEACHER))
                .setStudentSeconds(seconds(Part.STUDENT))
                .setReduceSeconds(seconds(Part.REDUCE))
                .setUpdateSeconds(seconds(Part.UPDATE))
                .setHelpSeconds(seconds(Part.HELP))
                .setFeatures(features)
                .setFeaturesAhead(ahead)
                .setFeatureSeconds(Arrays.stream(computing).average().orElse(0) / 1e9)
                .setSeconds((now - begun) / 1e9);
        if (teachers.length > 1) {
            Arrays.stream(teachers).forEach(time -> done.addEachTeacherSeconds(time / 1e9));
        }
        nanos.clear();
        features = 0;
        ahead = 0;
        Arrays.fill(teachers, 0);
        begun = now;
        mark = now;
        return done;
    }

    /** Starts anew, and leaves all that wasn't read to nobody. */
    void restart() {
        close();
        device.ifPresent(line -> last = line.mark());
        read();
    }

    private double seconds(Part part) {
        return nanos.getOrDefault(part, 0L) / 1e9;
    }

    /** Frees the marks on the device. */
    @Override
    public void close() {
        device.ifPresent(line -> {
            open.forEach(span -> line.free(span.from));
            open.clear();
            line.free(last);
        });
    }
}
