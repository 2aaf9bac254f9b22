package org.simreg.coordinator.status;

import java.util.Locale;
import java.util.function.ToDoubleFunction;
import org.simreg.proto.StepDone;

/** The parts of a training step, in the order in which they happen. */
enum Part {
    DATA(StepDone::getDataSeconds),
    TEACHER(StepDone::getTeacherSeconds),
    STUDENT(StepDone::getStudentSeconds),
    REDUCE(StepDone::getReduceSeconds),
    UPDATE(StepDone::getUpdateSeconds);

    private final ToDoubleFunction<StepDone> seconds;

    Part(ToDoubleFunction<StepDone> seconds) {
        this.seconds = seconds;
    }

    /** Wall time that a step spent in this part, in seconds. */
    double seconds(StepDone step) {
        return seconds.applyAsDouble(step);
    }

    /** Lower-case name, for people. */
    String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
