package org.simreg.coordinator.job;

import java.util.Locale;
import org.simreg.proto.GenerationBegun;
import org.simreg.proto.JobRecord;
import org.simreg.proto.Progress;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/** The writer of jobs' events to the process' log, each with its job, generation and step. */
final class EventTrace {
    static final Logger LOG = LoggerFactory.getLogger("org.simreg.coordinator.jobs");

    private EventTrace() {}

    static void log(JobRecord record, Progress event) {
        LoggingEventBuilder line = event.hasStep() ? LOG.atDebug() : LOG.atInfo();
        line = line.addKeyValue("job", record.getId());
        long generation = record.getGeneration().getNumber();
        if (generation > 0) {
            line = line.addKeyValue("generation", generation);
        }
        say(line, event);
    }

    private static void say(LoggingEventBuilder line, Progress event) {
        switch (event.getEventCase()) {
            case STARTED ->
                line.log(
                        "{} steps of {} images",
                        event.getStarted().getTotalSteps(),
                        event.getStarted().getBatch());
            case STEP ->
                line.addKeyValue("step", event.getStep().getStep())
                        .log("loss {}", event.getStep().getLoss());
            case EPOCH ->
                line.log(
                        "epoch {} done, loss {}",
                        event.getEpoch().getEpoch(),
                        event.getEpoch().getLoss());
            case EVALUATION ->
                line.log(
                        "{} measured after epoch {}",
                        event.getEvaluation().getSubject(),
                        event.getEvaluation().getEpoch());
            case NOTICE -> line.log("{}", event.getNotice().getText());
            case CHECKPOINT ->
                line.addKeyValue("step", event.getCheckpoint().getStep())
                        .log("stored {}", event.getCheckpoint().getFile());
            case FINISHED ->
                line.addKeyValue("step", event.getFinished().getStep())
                        .log("finished, sha256 {}", event.getFinished().getSha256());
            case GENERATION -> begun(line, event.getGeneration());
            case STATE ->
                line.log(
                        "{}: {}",
                        event.getState().getState().name().toLowerCase(Locale.ROOT),
                        event.getState().getReason());
            case EVENT_NOT_SET -> line.log("an event that this version does not know");
        }
    }

    private static void begun(LoggingEventBuilder line, GenerationBegun begun) {
        line.addKeyValue("step", begun.getStep())
                .log(
                        "generation {} on {}: {}",
                        begun.getNumber(),
                        String.join(", ", begun.getWorkersList()),
                        begun.getReason());
    }
}
