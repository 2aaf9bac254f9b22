package org.simreg.coordinator.view.observe;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.simreg.coordinator.job.JobObserver;
import org.simreg.proto.GenerationBegun.Cause;
import org.simreg.proto.JobState;
import org.simreg.proto.Progress;
import org.simreg.proto.StepDone;

/** The meters of the coordinator's jobs: steps, generations, changes of state since the start. */
public final class JobMeters implements JobObserver {
    private final Counter images;
    private final Counter features;
    private final Counter ahead;
    private final StepMeters steps;
    private final Timer ticks;
    private final Counter checkpoints;
    private final Counter notices;
    private final Map<Cause, Counter> generations = new EnumMap<>(Cause.class);
    private final Map<JobState, Counter> moves = new EnumMap<>(JobState.class);

    public JobMeters(Meters meters) {
        MeterRegistry registry = meters.registry();
        images = counter(registry, "simreg.images", "Images of committed steps");
        features = counter(registry, "simreg.features", "Teachers' features that rank 0 needed for committed steps");
        ahead = counter(registry, "simreg.features.ahead", "Those of them that helpers gave");
        ticks = meters.ticks();
        checkpoints = counter(registry, "simreg.checkpoints", "Checkpoints stored");
        notices = counter(registry, "simreg.notices", "Notices to people, such as broken images");
        steps = new StepMeters(meters, "simreg.step", "Committed steps, wall time from commit to commit");
        for (Cause cause : Cause.values()) {
            if (cause != Cause.UNRECOGNIZED) {
                generations.put(
                        cause,
                        Counter.builder("simreg.generations")
                                .tag("reason", label(cause))
                                .description("Generations begun, by reason")
                                .register(registry));
            }
        }
        for (JobState state : JobState.values()) {
            if (state != JobState.UNRECOGNIZED) {
                moves.put(
                        state,
                        Counter.builder("simreg.job.changes")
                                .tag("state", label(state))
                                .description("Changes of jobs into a state")
                                .register(registry));
            }
        }
    }

    private static Counter counter(MeterRegistry registry, String name, String what) {
        return Counter.builder(name).description(what).register(registry);
    }

    static String label(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    @Override
    public void saw(String job, Progress event) {
        switch (event.getEventCase()) {
            case STEP -> step(event.getStep());
            case GENERATION ->
                generations.get(known(event.getGeneration().getCause())).increment();
            case STATE -> changed(event.getState().getState());
            case CHECKPOINT -> checkpoints.increment();
            case NOTICE -> notices.increment();
            default -> {}
        }
    }

    @Override
    public void ticked(long nanos) {
        ticks.record(nanos, TimeUnit.NANOSECONDS);
    }

    /** A state of a newer version has no counter. */
    private void changed(JobState state) {
        if (state != JobState.UNRECOGNIZED) {
            moves.get(state).increment();
        }
    }

    private static Cause known(Cause cause) {
        return cause == Cause.UNRECOGNIZED ? Cause.UNSAID : cause;
    }

    private void step(StepDone step) {
        images.increment(step.getImages());
        features.increment(step.getFeatures());
        ahead.increment(step.getFeaturesAhead());
        steps.add(step);
    }
}
