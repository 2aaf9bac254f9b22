package org.simreg.coordinator.observe;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.simreg.proto.StepDone;

/** The counters of the parts of steps: where their time goes. */
final class StepParts {
    private static final Map<String, ToDoubleFunction<StepDone>> PARTS = new LinkedHashMap<>();

    static {
        PARTS.put("data", StepDone::getDataSeconds);
        PARTS.put("teacher", StepDone::getTeacherSeconds);
        PARTS.put("student", StepDone::getStudentSeconds);
        PARTS.put("reduce", StepDone::getReduceSeconds);
        PARTS.put("update", StepDone::getUpdateSeconds);
    }

    private final Map<String, Counter> counters = new LinkedHashMap<>();

    StepParts(MeterRegistry registry, String name) {
        for (String part : PARTS.keySet()) {
            counters.put(
                    part,
                    Counter.builder(name)
                            .baseUnit("seconds")
                            .tag("part", part)
                            .description("Wall time of steps by part; reduce is waiting for others")
                            .register(registry));
        }
    }

    void add(StepDone step) {
        counters.forEach((part, time) -> time.increment(PARTS.get(part).applyAsDouble(step)));
    }
}
