package org.simreg.coordinator.web;

import io.vertx.core.json.JsonObject;
import java.util.ArrayDeque;
import java.util.Deque;
import org.simreg.proto.StepDone;

/** How fast the last steps went, and where their time went. */
final class Pace {
    private static final int STEPS = 50;

    private final Deque<StepDone> last = new ArrayDeque<>();

    void add(StepDone step) {
        last.add(step);
        if (last.size() > STEPS) {
            last.removeFirst();
        }
    }

    /**
     * Seconds by part, over the last steps; images a second; learning rate and epoch of the last.
     */
    JsonObject json() {
        StepDone sum = last.stream().reduce(StepDone.getDefaultInstance(), Pace::sum);
        StepDone end = last.isEmpty() ? sum : last.getLast();
        double known =
                sum.getDataSeconds()
                        + sum.getTeacherSeconds()
                        + sum.getStudentSeconds()
                        + sum.getReduceSeconds()
                        + sum.getUpdateSeconds();
        JsonObject parts =
                new JsonObject()
                        .put("data", sum.getDataSeconds())
                        .put("teacher", sum.getTeacherSeconds())
                        .put("student", sum.getStudentSeconds())
                        .put("reduce", sum.getReduceSeconds())
                        .put("update", sum.getUpdateSeconds())
                        .put("other", Math.max(0, sum.getSeconds() - known));
        double rate = sum.getSeconds() > 0 ? sum.getImages() / sum.getSeconds() : 0;
        return new JsonObject()
                .put("parts", parts)
                .put("steps", last.size())
                .put("seconds", sum.getSeconds())
                .put("rate", rate)
                .put("lr", end.getLr())
                .put("epoch", end.getEpoch());
    }

    private static StepDone sum(StepDone a, StepDone b) {
        return StepDone.newBuilder()
                .setDataSeconds(a.getDataSeconds() + b.getDataSeconds())
                .setTeacherSeconds(a.getTeacherSeconds() + b.getTeacherSeconds())
                .setStudentSeconds(a.getStudentSeconds() + b.getStudentSeconds())
                .setReduceSeconds(a.getReduceSeconds() + b.getReduceSeconds())
                .setUpdateSeconds(a.getUpdateSeconds() + b.getUpdateSeconds())
                .setSeconds(a.getSeconds() + b.getSeconds())
                .setImages(a.getImages() + b.getImages())
                .build();
    }
}
