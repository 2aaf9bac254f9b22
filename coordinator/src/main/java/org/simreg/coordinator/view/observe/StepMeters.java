package org.simreg.coordinator.view.observe;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Timer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import org.simreg.proto.StepDone;

/** The meters of committed steps: a timer of the whole, and a counter of seconds for each part. */
final class StepMeters {
    private static final Map<String, ToDoubleFunction<StepDone>> PARTS = new LinkedHashMap<>();

    static {
        PARTS.put("data", StepDone::getDataSeconds);
        PARTS.put("teacher", StepDone::getTeacherSeconds);
        PARTS.put("student", StepDone::getStudentSeconds);
        PARTS.put("reduce", StepDone::getReduceSeconds);
        PARTS.put("update", StepDone::getUpdateSeconds);
    }

    private final Timer whole;
    private final Map<String, Counter> parts = new LinkedHashMap<>();

    /**
     * @param name of the timer; the counters are called {@code name.part}
     * @param what the timer's description
     */
    StepMeters(Meters meters, String name, String what) {
        whole = meters.steps(name, what);
        for (String part : PARTS.keySet()) {
            parts.put(
                    part,
                    Counter.builder(name + ".part")
                            .baseUnit("seconds")
                            .tag("part", part)
                            .description("Wall time of steps by part; reduce is waiting for others")
                            .register(meters.registry()));
        }
    }

    void add(StepDone step) {
        whole.record((long) (step.getSeconds() * 1e9), TimeUnit.NANOSECONDS);
        parts.forEach((part, time) -> time.increment(PARTS.get(part).applyAsDouble(step)));
    }
}
