package org.simreg.coordinator.job;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.simreg.coordinator.job.RunFiles.FilesUnavailable;
import org.simreg.coordinator.job.help.JobHelp;
import org.simreg.coordinator.job.schedule.Allotment.Grant;
import org.simreg.coordinator.job.schedule.JobTransitions;
import org.simreg.coordinator.job.schedule.Phase;
import org.simreg.coordinator.job.schedule.Phase.HaltReason;
import org.simreg.proto.JobEvent;
import org.simreg.proto.JobRecord;
import org.simreg.proto.JobState;
import org.simreg.proto.Notice;
import org.simreg.proto.Printable;
import org.simreg.proto.Progress;
import org.simreg.proto.StateChanged;
import org.simreg.worker.base.io.Shortage;

/** A job of the coordinator: its record, files, phase, workers granted, and watches. */
public final class JobRun {
    /** More different texts than this are the same trouble again and again. */
    private static final int MOST_NOTICES = 10_000;

    private final CoordinatorSettings settings;
    private final JobStore store;
    private final RunFiles.JobFolders folders;
    private final Consumer<JobRun> moved;
    private final Consumer<JobRun> hung;
    private final Set<String> noticed = new HashSet<>();
    private final List<JobWatch> watches = new ArrayList<>();
    private final JobStall stall;
    private final FailureRecord failures = new FailureRecord();
    private final JobHelp help = new JobHelp();
    private final FolderOpening opening;
    private JobRecord record;
    private Optional<RunFiles> files = Optional.empty();
    private Optional<LedgerWriter> ledger = Optional.empty();
    private Phase phase = new Phase.Idle(0, false);
    private Grant grant = new Grant(Set.of(), false, "waits for its turn");
    private String reason;
    private boolean finishing;
    private Optional<FilesUnavailable> hang = Optional.empty();

    /** The listener to a job. */
    interface Listener {
        /** It may be in another state. */
        void moved(JobRun run);

        /** Its files have not answered for a while, and do now. */
        void answers(JobRun run);
    }

    /** The listener is told of what happens to it. */
    JobRun(
            CoordinatorSettings settings,
            JobStore store,
            RunFiles.JobFolders folders,
            Listener listener,
            JobRecord record) {
        this.moved = listener::moved;
        this.hung = listener::answers;
        this.settings = settings;
        this.stall = new JobStall(record.getId(), settings.clock());
        this.store = store;
        this.folders = folders;
        this.opening = new FolderOpening(folders, settings.executor());
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

    /**
     * Its run folder.
     *
     * @throws FilesUnavailable if it doesn't answer, has no room, or is being opened, which this begins
     */
    public RunFiles files() {
        FolderOpening.throwFailure(opened());
        return files.orElseThrow(() -> hang.orElseGet(() -> FilesUnavailable.opening(Path.of(record.getFolder()))));
    }

    /** Whether its run folder is open, or can't be opened now. */
    public boolean settled() {
        return files.isPresent() || hang.isPresent() || !stall.able();
    }

    /** Has its run folder opened unless it is {@link #settled}; done on the coordinator's thread, which doesn't wait. */
    public CompletableFuture<Void> opened() {
        if (settled()) {
            return CompletableFuture.completedFuture(null);
        }
        return opening.begin(record, this::files, this::suspend);
    }

    /** Opens its run folder, which may take long; then it can be taken by {@link #files(RunFiles)}. */
    public CompletionStage<RunFiles> open() {
        return folders.openLater(record);
    }

    /**
     * Leaves it alone until its files answer. What was being done with them is given up, as if the
     * coordinator had been killed then: what is on the disk holds.
     */
    public void suspend(FilesUnavailable why) {
        if (hang.isPresent()) {
            return;
        }
        hang = Optional.of(why);
        stall.begin(why.waits(), why.waited());
        Optional<RunFiles> open = files;
        files.ifPresent(one -> stall.keep(one, ledger));
        files = Optional.empty();
        ledger = Optional.empty();
        finishing = false;
        why.end()
                .whenComplete((done, failure) -> settings.executor().execute(() -> {
                    open.ifPresent(this::letGo);
                    hang = Optional.empty();
                    hung.accept(this);
                }));
    }

    /** Leaves it alone for want of room, descriptors or memory, and tries again after a pause; false if it may not. */
    public boolean awaitRoom(Shortage shortage) {
        long shortest = settings.times().room();
        if (shortest == 0) {
            return false;
        }
        if (hang.isEmpty()) {
            Optional<RunFiles> open = files;
            open.ifPresent(one -> stall.keep(one, ledger));
            files = Optional.empty();
            open.ifPresent(this::letGo);
            suspend(FilesUnavailable.shortage(shortage.failure(), stall.pause(shortest)));
        }
        return true;
    }

    /** Closes files that may not be whole: what is on the disk holds. */
    private void letGo(RunFiles open) {
        try {
            open.close();
        } catch (RuntimeException e) {
            EventTrace.LOG.debug("The files of the job {} are not closed in order", id(), e);
        }
    }

    /** Whether, and why, nothing is done for it at present. */
    public JobStall stall() {
        return stall;
    }

    /** Leaves it alone if its files are not durable after so many milliseconds. */
    public void suspendAfter(long ms) {
        stall.overdue(ms).ifPresent(end -> suspend(FilesUnavailable.hang(Path.of(record.getFolder()), end)));
    }

    /** Takes its folder, which was made or opened for it. */
    public void files(RunFiles made) {
        files = Optional.of(made);
        made.whenHung(this::suspend);
    }

    /** Its run folder, if it is open. */
    Optional<RunFiles> openFiles() {
        return files;
    }

    /** The writer of its ledger, if it was asked for. */
    Optional<LedgerWriter> openLedger() {
        return ledger;
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

    /** The help that it gets with its teachers' features. */
    public JobHelp help() {
        return help;
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
        return stall.able() ? reason : "%s, for %d s now".formatted(stall.why(), stall.milliseconds() / 1000);
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

    /** Takes a changed record at once; until what this gives is done, nobody may be told of anything that follows from it. */
    public CompletionStage<Void> saveLater(JobRecord.Builder changed) {
        record = changed.setVersion(record.getVersion() + 1).build();
        moved.accept(this);
        return store.saveLater(record);
    }

    /** Appends an event to the event log and passes it to the observer and all watches. */
    public void emit(Progress.Builder event) {
        Progress progress = event.setTimeMs(now()).build();
        long sequence = files().append(progress);
        EventTrace.log(record, progress);
        told(() -> settings.observer().saw(id(), progress));
        JobEvent said = JobEvent.newBuilder()
                .setSequence(sequence)
                .setProgress(progress)
                .build();
        tellWatches(watch -> watch.offer(said));
    }

    /** Who is told of a job can't stop it. */
    private boolean told(Runnable telling) {
        try {
            telling.run();
            return true;
        } catch (FilesUnavailable e) {
            throw e;
        } catch (RuntimeException e) {
            EventTrace.LOG.error("Somebody can't be told of the job {}", id(), e);
            return false;
        }
    }

    /** Emits a notice for people, each text once a job. */
    public void notice(String said) {
        notice(Notice.newBuilder().setText(said));
    }

    /** The same for one that has more than a text. */
    public void notice(Notice.Builder notice) {
        String text = Printable.text(notice.getText());
        if (noticed.size() < MOST_NOTICES && noticed.add(text)) {
            emit(Progress.newBuilder().setNotice(notice.setText(text)));
        }
    }

    /** Says in its event log that it goes to a state in which it doesn't train, and why in one sentence. */
    public void announce(JobState state, String why) {
        reason = why;
        emit(Progress.newBuilder()
                .setState(StateChanged.newBuilder().setState(state).setReason(why)));
    }

    /** Goes to a state that was {@link #announce}d; its files are durable, or nothing that was told depends on it. */
    public void become(JobState state, String why) {
        JobRecord.Builder next = record.toBuilder();
        JobTransitions.enter(next, state, now());
        save(next.setReason(why).setSummary(JobStall.ended(files(), ledger)));
        if (!active()) {
            putDown();
        }
    }

    /** Keeps that it is in a state in which it doesn't train, where its own files can't be written. */
    public void becomeWithoutFolder(JobState state, String why) {
        JobRecord.Builder next = record.toBuilder();
        JobTransitions.enter(next, state, now());
        save(next.setReason(why));
        reason = why;
        stall.end();
        stall.endPause();
        putDown();
    }

    private void putDown() {
        phase = new Phase.Idle(now(), false);
        finishing = false;
        pumpWatches();
        release();
    }

    /** Gives those who watch it what there is. */
    public void pumpWatches() {
        if (hang.isEmpty()) {
            tellWatches(JobWatch::pump);
        }
    }

    private void tellWatches(Consumer<JobWatch> telling) {
        for (JobWatch watch : List.copyOf(watches)) {
            if (!told(() -> telling.accept(watch))) {
                watch.close();
            }
        }
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
        Optional<RunFiles> open = files;
        files = Optional.empty();
        ledger = Optional.empty();
        open.ifPresent(RunFiles::close);
        opening.close();
    }
}
