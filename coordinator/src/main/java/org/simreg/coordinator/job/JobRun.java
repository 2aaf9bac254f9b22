package org.simreg.coordinator.job;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.simreg.coordinator.job.schedule.Allotment.Grant;
import org.simreg.coordinator.job.schedule.Phase;
import org.simreg.coordinator.job.schedule.Phase.HaltReason;
import org.simreg.proto.GenerationBegun;
import org.simreg.proto.JobEvent;
import org.simreg.proto.JobRecord;
import org.simreg.proto.JobState;
import org.simreg.proto.Notice;
import org.simreg.proto.Printable;
import org.simreg.proto.Progress;
import org.simreg.proto.StateChanged;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/** A job of the coordinator: its record, files, phase, workers granted, and watches. */
public final class JobRun {
    /** More different texts than this are the same trouble again and again. */
    private static final int MOST_NOTICES = 10_000;

    private final CoordinatorSettings settings;
    private final JobStore store;
    private final RunFiles.JobFolders folders;
    private final Consumer<JobRun> moved;
    private final Set<String> noticed = new HashSet<>();
    private final List<JobWatch> watches = new ArrayList<>();
    private final FailureRecord failures = new FailureRecord();
    private JobRecord record;
    private Optional<RunFiles> files = Optional.empty();
    private Optional<LedgerWriter> ledger = Optional.empty();
    private Phase phase = new Phase.Idle(0, false);
    private Grant grant = new Grant(Set.of(), false, "waits for its turn");
    private String reason;
    private boolean finishing;

    /**
     * @param moved told whenever it may be in another state
     */
    JobRun(
            CoordinatorSettings settings,
            JobStore store,
            RunFiles.JobFolders folders,
            Consumer<JobRun> moved,
            JobRecord record) {
        this.moved = moved;
        this.settings = settings;
        this.store = store;
        this.folders = folders;
        this.record = record;
        this.reason = record.getReason();
    }

    public String id() {
        return record.getId();
    }

    public JobRecord record() {
        return record;
    }

    public long now() {
        return settings.clock().getAsLong();
    }

    /** Its run folder, opened if it isn't. */
    public RunFiles files() {
        if (files.isEmpty()) {
            files = Optional.of(folders.open(record));
        }
        return files.get();
    }

    /** Takes the folder that was made for it. */
    void files(RunFiles made) {
        files = Optional.of(made);
    }

    /** The writer of its ledger. */
    public LedgerWriter ledger() {
        if (ledger.isEmpty()) {
            ledger = Optional.of(new LedgerWriter(this));
        }
        return ledger.get();
    }

    /** Whether its folder has to be open. */
    public boolean active() {
        return record.getState() == JobState.QUEUED || record.getState() == JobState.RUNNING;
    }

    /** Whether nothing more will be said of it, unless someone resumes it. */
    public boolean ended() {
        return !active() && record.getState() != JobState.PAUSED;
    }

    public FailureRecord failures() {
        return failures;
    }

    public Phase phase() {
        return phase;
    }

    public void phase(Phase next) {
        phase = next;
    }

    public Grant grant() {
        return grant;
    }

    public void grant(Grant next) {
        grant = next;
    }

    /** Why it is as it is, for people. */
    String reason() {
        return reason;
    }

    public void reason(String why) {
        reason = why;
    }

    /** Whether all steps are done and the exports are being written. */
    public boolean finishing() {
        return finishing;
    }

    public void finishing(boolean so) {
        finishing = so;
    }

    /** What somebody has asked for and is not done yet. */
    public Optional<HaltReason> requestedHalt() {
        return switch (record.getIntent()) {
            case PAUSED -> Optional.of(HaltReason.PAUSE);
            case CANCELLED -> Optional.of(HaltReason.CANCEL);
            default -> Optional.empty();
        };
    }

    /** Milliseconds it has waited for workers. */
    public long waited() {
        long since = record.getQueuedMs();
        return record.getWaitedMs() + (since > 0 ? Math.max(0, now() - since) : 0);
    }

    /** Keeps a changed record; durable when this returns. */
    public void save(JobRecord.Builder changed) {
        JobRecord next = changed.setVersion(record.getVersion() + 1).build();
        store.save(next);
        record = next;
        moved.accept(this);
    }

    /** Appends an event to the event log and passes it to the observer and all watches. */
    public void emit(Progress.Builder event) {
        Progress progress = event.setTimeMs(now()).build();
        long sequence = files().append(progress);
        EventTrace.log(record, progress);
        settings.observer().saw(id(), progress);
        JobEvent said = JobEvent.newBuilder()
                .setSequence(sequence)
                .setProgress(progress)
                .build();
        List.copyOf(watches).forEach(watch -> watch.offer(said));
    }

    /** Emits a notice for people, each text once a job. */
    public void notice(String said) {
        String text = Printable.text(said);
        if (noticed.size() < MOST_NOTICES && noticed.add(text)) {
            emit(Progress.newBuilder().setNotice(Notice.newBuilder().setText(text)));
        }
    }

    /**
     * Goes to a state in which it doesn't train.
     *
     * @param why one sentence
     */
    public void become(JobState state, String why) {
        JobRecord.Builder next = record.toBuilder();
        JobTransitions.enter(next, state, now());
        next.setReason(why);
        reason = why;
        emit(Progress.newBuilder()
                .setState(StateChanged.newBuilder().setState(state).setReason(why)));
        files().sync();
        save(next.setSummary(summary()));
        if (!active()) {
            putDown();
        }
    }

    /** Keeps that it failed where its own files can't be written any more. */
    public void failWithoutFolder(String why) {
        JobRecord.Builder next = record.toBuilder();
        JobTransitions.enter(next, JobState.FAILED, now());
        reason = why;
        save(next.setReason(why));
        putDown();
    }

    private void putDown() {
        phase = new Phase.Idle(now(), false);
        finishing = false;
        List.copyOf(watches).forEach(JobWatch::pump);
        release();
    }

    private JobRecord.Summary summary() {
        RunFiles.LedgerHead head = files().head();
        JobRecord.Summary.Builder summary = JobRecord.Summary.newBuilder()
                .setStep(head.step())
                .setEpoch(head.epoch())
                .setLoss(head.loss())
                .setNextSequence(files().nextSequence());
        files().newestCheckpoint(head.step()).ifPresent(summary::setCheckpoint);
        return summary.build();
    }

    public void addWatch(JobWatch watch) {
        watches.add(watch);
    }

    boolean watched() {
        return !watches.isEmpty();
    }

    void removeWatch(JobWatch watch) {
        watches.remove(watch);
        release();
    }

    /** A job that rests keeps its folder open only for those who read its past. */
    public void release() {
        if (!active() && watches.isEmpty()) {
            close();
        }
    }

    public void close() {
        files.ifPresent(RunFiles::close);
        files = Optional.empty();
        ledger = Optional.empty();
    }

    /** The writer of jobs' events to the process' log, each with its job, generation and step. */
    private static final class EventTrace {
        private static final Logger LOG = LoggerFactory.getLogger("org.simreg.coordinator.jobs");

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
}
