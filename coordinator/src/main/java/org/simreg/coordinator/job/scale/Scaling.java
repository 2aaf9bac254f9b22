package org.simreg.coordinator.job.scale;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntConsumer;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.simreg.coordinator.job.schedule.Demand;
import org.simreg.proto.Refused;
import org.simreg.proto.ScaleStatus;
import org.simreg.proto.SetScaleRequest;
import org.simreg.proto.UserError;

/**
 * The scaling of the cluster: says how many workers are wanted, to everyone who asks. All methods
 * but {@link #wanted()} are called on the coordinator's thread.
 */
public final class Scaling implements ScaleService {
    /** More different bounds than this are nobody's wish: the one longest unasked is forgotten. */
    private static final int MOST_ASKERS = 64;

    private final ScaleSettings settings;
    private final Optional<ScaleSettings.BoundsFile> file;
    private final State state;
    private final LongSupplier clock;
    private final Map<Bounds, ScaleTarget> targets = new LinkedHashMap<>(16, 0.75f, true);
    private Bounds bounds;
    private boolean set;
    private volatile int wanted;

    /**
     * The facts from which the number of workers wanted is computed.
     *
     * @param demands of the jobs that train or want to
     * @param attending workers that attend, don't leave, and can be members
     */
    public record State(Supplier<List<Demand>> demands, IntSupplier attending) {}

    /**
     * @param file keeps bounds that are set; without it they end with the process
     * @param clock milliseconds; must not go back
     * @throws UserError if the file can't be read
     */
    public Scaling(ScaleSettings settings, Optional<ScaleSettings.BoundsFile> file, State state, LongSupplier clock) {
        this.settings = settings;
        this.file = file;
        this.state = state;
        this.clock = clock;
        Optional<Bounds> kept = file.flatMap(ScaleSettings.BoundsFile::read);
        set = kept.isPresent();
        bounds = kept.orElse(settings.bounds());
        targets.put(Bounds.ANY, new ScaleTarget());
    }

    /** The number within the coordinator's bounds, for a gauge; any thread may ask. */
    public int wanted() {
        return wanted;
    }

    /** Something has changed, or time has passed; to be called about every 100 ms. */
    public void refresh() {
        List<Demand> demands = state.demands().get();
        Map.copyOf(targets).forEach((own, target) -> look(own, target, demands));
        // Bounds that nobody follows are asked for again and again: this one always is.
        wanted = targets.get(Bounds.ANY).wanted().workers();
    }

    private void look(Bounds own, ScaleTarget target, List<Demand> demands) {
        target.look(
                demands,
                bounds.within(own),
                clock.getAsLong(),
                settings.downDelay().toMillis());
    }

    @Override
    public ScaleStatus status() {
        refresh();
        WorkersWanted now = targets.get(Bounds.ANY).wanted();
        return ScaleStatus.newBuilder()
                .setWanted(now.workers())
                .setReason(now.reason())
                .setMin(bounds.min())
                .setMax(bounds.max())
                .setAttending(state.attending().getAsInt())
                .setSet(set)
                .build();
    }

    @Override
    public ScaleStatus set(SetScaleRequest request) {
        if (request.getReset()) {
            if (request.hasMin() || request.hasMax()) {
                throw new Refused(
                        Refused.Kind.INVALID, "The bounds can't be set and reset at once: leave out one of the two");
            }
            file.ifPresent(ScaleSettings.BoundsFile::delete);
            bounds = settings.bounds();
            set = false;
        } else {
            int min = request.hasMin() ? unsigned(request.getMin()) : bounds.min();
            int max = request.hasMax() ? unsigned(request.getMax()) : bounds.max();
            Bounds next = checked(min, max);
            file.ifPresent(kept -> kept.write(next));
            bounds = next;
            set = true;
        }
        return status();
    }

    private static Bounds checked(int min, int max) {
        try {
            return new Bounds(min, max);
        } catch (UserError e) {
            throw new Refused(Refused.Kind.INVALID, e.getMessage());
        }
    }

    /** Beyond what an int holds is beyond the bounds all the same. */
    private static int unsigned(int number) {
        return number < 0 ? Integer.MAX_VALUE : number;
    }

    @Override
    public int wanted(Bounds own) {
        ScaleTarget target = target(own);
        look(own, target, state.demands().get());
        return target.wanted().workers();
    }

    @Override
    public AutoCloseable follow(Bounds own, IntConsumer follower) {
        ScaleTarget target = target(own);
        look(own, target, state.demands().get());
        target.follow(follower);
        return () -> target.leave(follower);
    }

    private ScaleTarget target(Bounds own) {
        // Asked for, it can't be the one to be forgotten.
        targets.get(Bounds.ANY);
        ScaleTarget target = targets.computeIfAbsent(own, key -> new ScaleTarget());
        if (targets.size() > MOST_ASKERS) {
            targets.entrySet().stream()
                    .filter(entry -> !entry.getValue().followed())
                    .map(Map.Entry::getKey)
                    .filter(key -> !key.equals(own) && !key.equals(Bounds.ANY))
                    .findFirst()
                    .ifPresent(targets::remove);
        }
        return target;
    }
}
