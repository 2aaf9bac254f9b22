package org.simreg.coordinator.status;

import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import org.simreg.proto.CheckpointWritten;
import org.simreg.proto.JobStarted;
import org.simreg.proto.Progress;
import org.simreg.proto.StepDone;

/**
 * Events as lines of a log, each with its time. The lines of one job belong together: what it began
 * with is told in later ones.
 */
public final class EventText {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSS", Locale.ROOT);

    private final DateTimeFormatter time;
    private Wording.Plan plan = new Wording.Plan(0, 0);

    /**
     * @param zone that times are told in
     */
    public EventText(ZoneId zone) {
        time = TIME.withZone(zone);
    }

    /** One line, without a break at its end. */
    public String line(Progress event) {
        String when = time.format(Instant.ofEpochMilli(event.getTimeMs()));
        return when + "  " + what(event).replaceAll("\\p{Cntrl}+", "; ");
    }

    private String what(Progress event) {
        return switch (event.getEventCase()) {
            case STARTED -> started(event.getStarted());
            case STEP -> step(event.getStep());
            case EPOCH -> Wording.epoch(event.getEpoch(), plan);
            case EVALUATION -> Wording.evaluation(event.getEvaluation(), plan);
            case NOTICE -> "note: " + event.getNotice().getText();
            case CHECKPOINT -> checkpoint(event.getCheckpoint());
            case FINISHED ->
                    Wording.finished(event.getFinished())
                            + ", sha256 "
                            + event.getFinished().getSha256();
            case GENERATION -> Wording.generation(event.getGeneration());
            case STATE -> Wording.state(event.getState());
            case EVENT_NOT_SET -> "an event that this version does not know";
        };
    }

    private String started(JobStarted job) {
        plan = new Wording.Plan(job.getTotalSteps(), job.getEpochs());
        return Wording.started(job);
    }

    private String step(StepDone step) {
        return "%s  step %s  loss %s  lr %s  %s"
                .formatted(
                        Wording.epoch(step.getEpoch(), plan),
                        Numbers.count(step.getStep()),
                        Numbers.loss(step.getLoss()),
                        Numbers.rate(step.getLr()),
                        Numbers.seconds(step.getSeconds()));
    }

    private static String checkpoint(CheckpointWritten done) {
        return "checkpoint after step %s: %s  sha256 %s"
                .formatted(Numbers.count(done.getStep()), done.getFile(), done.getSha256());
    }
}
