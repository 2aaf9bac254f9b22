package org.simreg.coordinator.run.folder;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.simreg.coordinator.run.log.EventLog;
import org.simreg.coordinator.run.log.MetricsFile;
import org.simreg.coordinator.run.log.TensorBoardFile;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.JobEvent;
import org.simreg.proto.Progress;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Disk;

/**
 * The event files of a run: the log, which holds everything that has happened, and two files made
 * of the events in it that count, {@code metrics.jsonl} and TensorBoard's, for people and plots.
 * Every event goes to each in one write, so that they can be followed while the run goes on and
 * survive its kill.
 *
 * <p>The two are compared with the log at the first event. If they differ from it, since the
 * process before was killed or the disk was full, they are written anew, as they are whenever steps
 * are taken back: TensorBoard's format has no way to take back. One owner; not for several threads.
 */
final class RunEvents implements AutoCloseable {
    private final Path folder;
    private final EventLog log;
    private Optional<EventReplay> replay = Optional.empty();
    private Optional<MetricsFile> metrics = Optional.empty();
    private Optional<TensorBoardFile> scalars = Optional.empty();

    private RunEvents(Path folder, EventLog log) {
        this.folder = folder;
        this.log = log;
    }

    /**
     * Opens the log, or begins it.
     *
     * @param folder of the run, locked
     * @throws UserError if the log is damaged or can't be used
     */
    static RunEvents open(Path folder) {
        return new RunEvents(folder, EventLog.open(folder));
    }

    /**
     * Opens the two files, as the first {@link #append} does otherwise.
     *
     * @param head last step that counts; what the log holds of later ones is taken back
     * @throws UserError if the files can't be read or written
     */
    void follow(long head) {
        if (metrics.isEmpty()) {
            EventReplay known = replay();
            boolean ahead = known.last() > head;
            if (ahead) {
                known.rewind(head);
            }
            orRelease(() -> {
                if (ahead || !MetricsFile.endsWith(folder, newest(known))) {
                    rebuild();
                } else {
                    metrics = Optional.of(MetricsFile.append(folder));
                    scalars = Optional.of(TensorBoardFile.create(folder));
                }
            });
        }
    }

    private EventReplay replay() {
        if (replay.isEmpty()) {
            EventReplay all = new EventReplay();
            EventLog.read(folder, all::take);
            replay = Optional.of(all);
        }
        return replay.get();
    }

    private Optional<Progress> newest(EventReplay known) {
        return known.newest().stream()
                .mapToObj(sequence -> log.read(sequence, 1).get(0).getProgress())
                .findFirst();
    }

    /**
     * Writes an event.
     *
     * @param head last step that counts
     * @return its sequence number
     * @throws UserError if a file can't be written; the run can be continued once it can
     */
    long append(Progress event, long head) {
        follow(head);
        EventReplay known = replay();
        long sequence = log.append(event);
        int cuts = known.cuts();
        boolean counts = known.take(event);
        orRelease(() -> {
            if (known.cuts() > cuts) {
                rebuild();
            } else if (counts) {
                write(event);
            }
        });
        return sequence;
    }

    /** The metrics last: where their last line is whole, the other file is too. */
    private void write(Progress event) throws IOException {
        scalars.orElseThrow().write(event);
        metrics.orElseThrow().write(event);
    }

    /**
     * Takes back what was written with later steps, and that the run has ended.
     *
     * @param step last one that counts
     * @throws UserError if the files can't be read or written
     */
    void rewind(long step) {
        replay().rewind(step);
        orRelease(this::rebuild);
    }

    private void rebuild() throws IOException {
        closeFiles();
        TensorBoardFile.removeAll(folder);
        TensorBoardFile points = TensorBoardFile.create(folder);
        scalars = Optional.of(points);
        MetricsFile.rewrite(
                folder,
                lines -> counted(event -> {
                    points.write(event);
                    lines.write(event);
                }));
        metrics = Optional.of(MetricsFile.append(folder));
    }

    private void counted(MetricsFile.Lines events) {
        EventReplay known = replay();
        AtomicLong sequence = new AtomicLong();
        EventLog.read(folder, event -> {
            if (known.counts(sequence.getAndIncrement())) {
                Disk.write(folder, () -> events.write(event));
            }
        });
    }

    /** After a failure the files are compared with the log again before the next event. */
    private void orRelease(Disk.Act act) {
        try {
            Disk.write(folder, act);
        } catch (RuntimeException e) {
            replay = Optional.empty();
            try {
                closeFiles();
            } catch (IOException second) {
                e.addSuppressed(second);
            }
            throw e;
        }
    }

    /** The evaluations that count, without times. */
    List<EvaluationDone> evaluations() {
        return replay().evaluations();
    }

    /** Sequence number of the next event. */
    long next() {
        return log.next();
    }

    /**
     * @param from first sequence number
     * @param most events at most
     */
    List<JobEvent> read(long from, int most) {
        return log.read(from, most);
    }

    /**
     * Brings what was written to the disk.
     *
     * @throws UserError if that fails
     */
    void sync() {
        log.sync();
        metrics.ifPresent(file -> Disk.write(folder, file::force));
    }

    private void closeFiles() throws IOException {
        Optional<MetricsFile> lines = metrics;
        Optional<TensorBoardFile> points = scalars;
        metrics = Optional.empty();
        scalars = Optional.empty();
        if (points.isPresent()) {
            points.get().close();
        }
        if (lines.isPresent()) {
            lines.get().close();
        }
    }

    @Override
    public void close() {
        try {
            Disk.write(folder, this::closeFiles);
        } finally {
            log.close();
        }
    }
}
