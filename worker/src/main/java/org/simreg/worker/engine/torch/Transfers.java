package org.simreg.worker.engine.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The traffic of a step between host and device: images in, vectors out and in. On a GPU it goes from and to pinned
 * memory on a stream of its own, so that neither host nor computation waits for a copy that isn't needed yet; on the
 * CPU nothing is copied. It counts copies, and the times that the host waited. Any thread may use it.
 */
public final class Transfers implements AutoCloseable {
    /** Buffers that stay pinned: pinning takes longer than a copy. */
    private static final int MOST_PINNED = 64;

    private final Optional<Engine> engine;
    private final NDManager kept;
    private final Map<Long, ByteBuffer> pinned = new LinkedHashMap<>(16, 0.75f, true);
    private final Map<Kind, Deque<Slot>> slots = new HashMap<>();
    private final Map<Integer, Deque<ByteBuffer>> buffers = new HashMap<>();
    private final AtomicLong in = new AtomicLong();
    private final AtomicLong out = new AtomicLong();
    private final AtomicLong waits = new AtomicLong();

    /**
     * Copies that run beside the computation. A mark is a point in the order of copies or of the computation.
     *
     * @see <a href="https://docs.nvidia.com/cuda/cuda-runtime-api/">CUDA Runtime API, streams and events</a>
     */
    interface Engine extends AutoCloseable {
        /** Pins host memory, which copies then need no staging for. */
        void pin(long address, long bytes);

        void unpin(long address);

        /** Begins a copy, behind those begun before. */
        void copy(long to, long from, long bytes, boolean toDevice);

        /** A mark behind all that computes now. */
        long computed();

        /** A mark behind all that computes now, which has a time as soon as it is reached. */
        long timed();

        /** The nanoseconds from a mark that has a time to a later one; both are reached. */
        long nanos(long from, long to);

        /** A mark behind all copies so far. */
        long copied();

        /** Copies begun from now on wait for the mark. */
        void copiesAfter(long mark);

        /** What is computed from now on waits for the mark. */
        void computesAfter(long mark);

        /** Whether the mark is reached. */
        boolean reached(long mark);

        /** The host waits for the mark. */
        void await(long mark);

        void free(long mark);

        @Override
        void close();
    }

    /**
     * Copies and waits since the start.
     *
     * @param in copies to the device
     * @param out copies to the host
     * @param waits times that the host waited for a copy that wasn't there yet
     */
    public record Counts(long in, long out, long waits) {
        /** Those since others. */
        public Counts since(Counts earlier) {
            return new Counts(in - earlier.in, out - earlier.out, waits - earlier.waits);
        }
    }

    /** What fits into the same place on the device. */
    private record Kind(Shape shape, DataType type) {}

    /** A place on the device, used again; {@code there}: behind the copy; {@code free}: behind the last use. */
    private static final class Slot {
        private final NDArray array;
        private final long address;
        private long there;
        private long free;

        Slot(NDArray array, long free) {
            this.array = array;
            this.free = free;
            address = LoadedLibrary.data(array);
        }
    }

    /**
     * @param engine empty where the device is the host
     * @param kept scope of what is used again; closed with this
     */
    Transfers(Optional<Engine> engine, NDManager kept) {
        this.engine = engine;
        this.kept = kept;
    }

    /** Those of a device that is the host: nothing is copied, nobody waits. */
    public static Transfers none(NDManager scope) {
        return new Transfers(Optional.empty(), scope.newSubManager());
    }

    /** Copies and waits so far. */
    public Counts counts() {
        return new Counts(in.get(), out.get(), waits.get());
    }

    /**
     * Images on the device, valid until {@code scope} is closed. The copy begins now; what computes with them waits for
     * it, the caller doesn't.
     *
     * @param bytes (n, size, size, 3) uint8, direct; unchanged until {@code scope} is closed
     */
    public synchronized NDArray images(NDManager scope, ByteBuffer bytes, int n, int size) {
        if (engine.isEmpty()) {
            return Torch.images(scope, bytes, n, size);
        }
        return lent(scope, new Kind(new Shape(n, size, size, 3), DataType.UINT8), bytes, () -> {});
    }

    /**
     * Numbers on the device, valid until {@code scope} is closed; what computes with them waits for their copy, the
     * caller doesn't.
     *
     * @param values float32, as many as the shape has; they may change at once
     */
    public synchronized NDArray floats(NDManager scope, float[] values, Shape shape) {
        if (engine.isEmpty()) {
            return scope.create(values, shape);
        }
        ByteBuffer host = buffer(Math.multiplyExact(values.length, Float.BYTES));
        host.asFloatBuffer().put(values);
        return lent(scope, new Kind(shape, DataType.FLOAT32), host, () -> giveBack(host));
    }

    /**
     * Begins a copy into a place that is lent until {@code scope} is closed.
     *
     * @param free called then: the copy has ended
     */
    private NDArray lent(NDManager scope, Kind kind, ByteBuffer host, Runnable free) {
        Engine copies = engine.orElseThrow();
        Slot slot = slots.computeIfAbsent(kind, key -> new ArrayDeque<>()).poll();
        if (slot == null) {
            slot = new Slot(kept.create(kind.shape, kind.type), copies.computed());
        }
        copies.copiesAfter(slot.free);
        copies.free(slot.free);
        copies.copy(slot.address, pinned(host), kind.shape.size() * kind.type.getNumOfBytes(), true);
        in.incrementAndGet();
        slot.there = copies.copied();
        copies.computesAfter(slot.there);
        Slot lent = slot;
        scope.attachInternal(UUID.randomUUID().toString(), () -> {
            giveBack(kind, lent);
            free.run();
        });
        return slot.array;
    }

    private synchronized void giveBack(Kind kind, Slot slot) {
        Engine copies = engine.orElseThrow();
        await(slot.there);
        copies.free(slot.there);
        slot.free = copies.computed();
        slots.get(kind).push(slot);
    }

    private void await(long mark) {
        Engine copies = engine.orElseThrow();
        if (!copies.reached(mark)) {
            waits.incrementAndGet();
            copies.await(mark);
        }
    }

    /**
     * Values on their way to the host.
     *
     * @see #read
     */
    public final class Reading implements AutoCloseable {
        private final ByteBuffer host;
        private final long mark;
        private final boolean copied;

        private Reading(ByteBuffer host, long mark, boolean copied) {
            this.host = host;
            this.mark = mark;
            this.copied = copied;
        }

        /** The values, valid until this is closed; waits for the copy. */
        public FloatBuffer await() {
            return bytes().asFloatBuffer();
        }

        /** The bytes of the values in native order, valid until this is closed; waits for the copy. */
        public ByteBuffer bytes() {
            if (copied) {
                Transfers.this.await(mark);
            }
            return host.duplicate().order(ByteOrder.nativeOrder());
        }

        @Override
        public void close() {
            if (copied) {
                Transfers.this.await(mark);
                engine.orElseThrow().free(mark);
                giveBack(host);
            }
        }
    }

    /**
     * Begins to read a vector as it is behind all that computes now. On the CPU these are the values of the array
     * itself. The vector stays as it is until they have been awaited.
     *
     * @param vector (N) float32 or float64
     * @param from first value
     * @param count values; 0: of none, which nobody waits for
     */
    public synchronized Reading read(NDArray vector, int from, int count) {
        int size = vector.getDataType().getNumOfBytes();
        int bytes = Math.multiplyExact(count, size);
        if (count == 0) {
            return new Reading(ByteBuffer.allocateDirect(0), 0, false);
        }
        if (engine.isEmpty()) {
            ByteBuffer values = vector.toByteBuffer(true);
            return new Reading(values.slice(from * size, bytes), 0, false);
        }
        Engine copies = engine.get();
        long computed = copies.computed();
        copies.copiesAfter(computed);
        copies.free(computed);
        ByteBuffer host = buffer(bytes);
        copies.copy(pinned(host), LoadedLibrary.data(vector) + (long) from * size, bytes, false);
        out.incrementAndGet();
        return new Reading(host, copies.copied(), true);
    }

    /** A mark behind what computes now, as seen by {@link #write}. */
    public static final class Use {
        private final long mark;

        private Use(long mark) {
            this.mark = mark;
        }
    }

    /** The present end of the computation, which has used a vector that is written later. */
    public synchronized Use used() {
        return new Use(engine.map(Engine::computed).orElse(0L));
    }

    /**
     * Writes a vector on the device, behind its last use; what computes from now on waits for that, the caller doesn't.
     * For devices other than the host.
     *
     * @param vector (N) float32
     * @param host direct, N values in native order; unchanged until the next but one of these calls
     */
    public synchronized void write(NDArray vector, ByteBuffer host, Use last) {
        Engine copies = engine.orElseThrow();
        copies.copiesAfter(last.mark);
        copies.free(last.mark);
        copies.copy(LoadedLibrary.data(vector), pinned(host), vector.size() * Float.BYTES, true);
        in.incrementAndGet();
        long there = copies.copied();
        copies.computesAfter(there);
        copies.free(there);
    }

    /**
     * The order of the computation on a device that computes while the host goes on: marks in it have times.
     *
     * @see #timeline
     */
    public static final class Timeline {
        private final Engine engine;

        private Timeline(Engine engine) {
            this.engine = engine;
        }

        /** A mark behind all that computes now; freed by the caller. */
        public long mark() {
            return engine.timed();
        }

        /** The nanoseconds between two marks; empty before the later one is reached, which nobody waits for. */
        public OptionalLong between(long from, long to) {
            return engine.reached(to) ? OptionalLong.of(engine.nanos(from, to)) : OptionalLong.empty();
        }

        public void free(long mark) {
            engine.free(mark);
        }
    }

    /** The order of the computation; empty where the host computes itself, whose own time that is. */
    public Optional<Timeline> timeline() {
        return engine.map(Timeline::new);
    }

    /** Whether the device has memory of its own. */
    public boolean copies() {
        return engine.isPresent();
    }

    private ByteBuffer buffer(int bytes) {
        ByteBuffer free =
                buffers.computeIfAbsent(bytes, key -> new ArrayDeque<>()).poll();
        return free != null ? free : ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
    }

    private synchronized void giveBack(ByteBuffer host) {
        buffers.get(host.capacity()).push(host);
    }

    /** The address of a buffer, pinned; it is kept as long as it is pinned. */
    private long pinned(ByteBuffer bytes) {
        Engine copies = engine.orElseThrow();
        long address = Pointer.nativeValue(Native.getDirectBufferPointer(bytes));
        ByteBuffer known = pinned.get(address);
        if (known != null && known.capacity() >= bytes.limit()) {
            return address;
        }
        if (known != null) {
            unpin(address);
        }
        if (pinned.size() >= MOST_PINNED) {
            unpin(pinned.keySet().iterator().next());
        }
        copies.pin(address, bytes.capacity());
        pinned.put(address, bytes);
        return address;
    }

    /** Behind the last copy: it may be from there. */
    private void unpin(long address) {
        Engine copies = engine.orElseThrow();
        long last = copies.copied();
        await(last);
        copies.free(last);
        copies.unpin(address);
        pinned.remove(address);
    }

    @Override
    public synchronized void close() {
        engine.ifPresent(copies -> {
            pinned.keySet().stream().toList().forEach(this::unpin);
            copies.close();
        });
        kept.close();
    }
}
