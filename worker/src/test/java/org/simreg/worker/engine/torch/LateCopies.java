package org.simreg.worker.engine.torch;

import com.sun.jna.Pointer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Copies between host and a device that lies in the host's memory, made as late as is allowed: when the computation or
 * the host waits for them. Who reads too early reads old values, and who writes too early changes what is copied.
 */
public final class LateCopies implements Transfers.Engine {
    private final Deque<Runnable> begun = new ArrayDeque<>();
    private final Map<Long, Long> pinned = new TreeMap<>();
    private final Set<Long> marks = new HashSet<>();
    private long copies;
    private long made;

    /** What was computed when a mark was made, in nanoseconds of the device. */
    private final Map<Long, Long> times = new TreeMap<>();

    private long given;
    private long done;

    /** The CPU, copied to and from as if it were a GPU. */
    public static Torch device() {
        return new LateCopies().torch();
    }

    /** The same with these copies. */
    public Torch torch() {
        return new Torch(1, this);
    }

    /** The device is given something to compute, which takes a time; it begins when the test says so. */
    public synchronized void computes(long nanos) {
        given += nanos;
    }

    /** The device computes all that it was given. */
    public synchronized void catchesUp() {
        done = given;
    }

    @Override
    public synchronized void pin(long address, long bytes) {
        pinned.put(address, bytes);
    }

    @Override
    public synchronized void unpin(long address) {
        if (pinned.remove(address) == null) {
            throw new IllegalStateException("this memory isn't pinned");
        }
    }

    @Override
    public synchronized void copy(long to, long from, long bytes, boolean toDevice) {
        if (pinned.getOrDefault(toDevice ? from : to, 0L) < bytes) {
            throw new IllegalStateException("a copy of memory that isn't pinned");
        }
        copies++;
        int length = Math.toIntExact(bytes);
        begun.add(() -> new Pointer(to).write(0, new Pointer(from).getByteArray(0, length), 0, length));
    }

    @Override
    public synchronized long computed() {
        return mark(0);
    }

    @Override
    public synchronized long copied() {
        return mark(copies);
    }

    @Override
    public synchronized long timed() {
        long mark = mark(0);
        times.put(mark, given);
        return mark;
    }

    @Override
    public synchronized long nanos(long from, long to) {
        if (!reached(from) || !reached(to)) {
            throw new IllegalStateException("a mark that isn't reached has no time");
        }
        return times.get(to) - times.get(from);
    }

    /** Number of the copy in the upper bits: each mark is another. */
    private long mark(long copy) {
        long mark = copy << 20 | made++ & 0xFFFFF;
        marks.add(mark);
        return mark;
    }

    @Override
    public synchronized void copiesAfter(long mark) {
        known(mark);
    }

    @Override
    public synchronized void computesAfter(long mark) {
        await(mark);
    }

    @Override
    public synchronized boolean reached(long mark) {
        return known(mark) <= made() && times.getOrDefault(mark, 0L) <= done;
    }

    @Override
    public synchronized void await(long mark) {
        while (made() < known(mark)) {
            begun.remove().run();
        }
    }

    private long made() {
        return copies - begun.size();
    }

    private long known(long mark) {
        if (!marks.contains(mark)) {
            throw new IllegalStateException("a mark that is freed or was never made");
        }
        return mark >> 20;
    }

    @Override
    public synchronized void free(long mark) {
        known(mark);
        marks.remove(mark);
        times.remove(mark);
    }

    /** Marks that were never freed. */
    public int marks() {
        return marks.size();
    }

    @Override
    public synchronized void close() {
        if (!pinned.isEmpty()) {
            throw new IllegalStateException(pinned.size() + " buffers are still pinned");
        }
    }
}
