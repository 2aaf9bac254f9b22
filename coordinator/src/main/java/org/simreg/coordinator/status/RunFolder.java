package org.simreg.coordinator.status;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.simreg.coordinator.store.FolderLock;
import org.simreg.proto.Progress;
import org.simreg.proto.UserError;

/**
 * The folder of one run, and the owner of its {@code job.yaml}, {@code metrics.jsonl} and
 * TensorBoard event file: writes every event to both, each in one write, so that the files can be
 * followed while the run goes on and survive its kill.
 *
 * <p>Events may come from several threads; they are written whole, in the order of the calls.
 */
public final class RunFolder implements Consumer<Progress>, AutoCloseable {
    /** The settings of the run. */
    public static final String JOB = "job.yaml";

    /** Every committed step; kept by the coordinator. */
    public static final String LEDGER = "ledger.jsonl";

    /** Every event with its sequence number; kept by the coordinator. */
    public static final String EVENTS = "events.log";

    private final Path path;
    private final List<Progress> waiting = new ArrayList<>();
    private final Set<Progress> known = new HashSet<>();
    private boolean resuming;
    private MetricsFile metrics;
    private EventFile scalars;

    private RunFolder(Path path, boolean resuming) {
        this.path = path;
        this.resuming = resuming;
    }

    /**
     * Begins a run.
     *
     * @param path made if it is absent
     * @param jobYaml the complete job, kept as {@code job.yaml}
     * @param overwrite whether an earlier run in the folder is removed: its files, and nothing else
     *     that lies there
     * @throws UserError if the folder holds anything and {@code overwrite} is false, or can't be
     *     written
     */
    public static RunFolder create(Path path, String jobYaml, boolean overwrite) {
        RunFolder folder = new RunFolder(path, false);
        Writing.to(
                path,
                () -> {
                    Files.createDirectories(path);
                    if (overwrite) {
                        OldRun.remove(path);
                    } else {
                        refuseOccupied(path);
                    }
                    Files.writeString(path.resolve(JOB), jobYaml);
                    folder.metrics = MetricsFile.append(path);
                    folder.scalars = EventFile.create(path, System.currentTimeMillis());
                });
        return folder;
    }

    /**
     * Continues the run in a folder. The step it continues after is known from the job's first
     * event, {@code JobStarted}: then all that was written about later steps is taken back, and
     * events that come a second time (such as the start) are dropped, so that the files read like
     * those of a run that was never interrupted. Events that come before {@code JobStarted} wait
     * for it.
     *
     * @throws UserError if there is no run in the folder
     */
    public static RunFolder resume(Path path) {
        requireRun(path);
        return new RunFolder(path, true);
    }

    /**
     * Continues the run in a folder after a step that is known already.
     *
     * @param step what was written about later ones is taken back, and that the run has finished
     * @throws UserError if there is no run in the folder, or its events can't be read
     */
    public static RunFolder resumeAfter(Path path, long step) {
        requireRun(path);
        RunFolder folder = new RunFolder(path, false);
        folder.rewind(step);
        return folder;
    }

    /**
     * Goes on writing where another process has stopped.
     *
     * @param step last one that counts; later ones are taken back, if there are any
     * @throws UserError if there is no run in the folder, or its events can't be read
     */
    public static RunFolder reopen(Path path, long step) {
        requireRun(path);
        RunFolder folder = new RunFolder(path, false);
        Writing.to(path, () -> folder.follow(step));
        return folder;
    }

    /**
     * @throws UserError if there is no run in the folder
     */
    public static void requireRun(Path path) {
        if (!Files.isRegularFile(path.resolve(JOB))) {
            throw new UserError(
                    "There is no run to continue in %s: it has no %s; name the folder of a run, or start one without --resume"
                            .formatted(path, JOB));
        }
    }

    /**
     * Removes a run that came to nothing, and the folder if nothing else lies in it.
     *
     * @throws UserError if that fails
     */
    public static void remove(Path path) {
        Writing.to(
                path,
                () -> {
                    if (Files.isDirectory(path)) {
                        OldRun.remove(path);
                        Files.deleteIfExists(path.resolve(FolderLock.NAME));
                        if (OldRun.isEmpty(path)) {
                            Files.delete(path);
                        }
                    }
                });
    }

    /** Where the run is. */
    public Path path() {
        return path;
    }

    /**
     * Writes an event.
     *
     * @throws UserError if the files can't be written; the run can be continued once they can
     */
    @Override
    public synchronized void accept(Progress event) {
        Writing.to(path, () -> take(event));
    }

    private void take(Progress event) throws IOException {
        if (resuming && !event.hasStarted()) {
            waiting.add(event);
            return;
        }
        if (resuming) {
            goOn(event.getStarted().getResumedStep(), false);
            waiting.add(0, event);
            for (Progress early : waiting) {
                write(early);
            }
            waiting.clear();
            return;
        }
        write(event);
    }

    /**
     * Takes back all that was written about later steps.
     *
     * @param step last one that counts
     * @throws UserError if the files can't be read or written
     */
    public synchronized void rewind(long step) {
        Writing.to(path, () -> goOn(step, false));
    }

    /**
     * The event file is made anew from the events that stay: its format has no way to take back.
     */
    private void goOn(long step, boolean ended) throws IOException {
        close();
        OldRun.removeScalars(path);
        scalars = EventFile.create(path, System.currentTimeMillis());
        known.clear();
        MetricsFile.cut(path, step, ended, event -> Writing.to(path, () -> keep(event)));
        metrics = MetricsFile.append(path);
        resuming = false;
    }

    private void follow(long step) throws IOException {
        if (MetricsFile.follow(path, this::remember) > step) {
            goOn(step, true);
        } else {
            metrics = MetricsFile.append(path);
            scalars = EventFile.create(path, System.currentTimeMillis());
        }
    }

    private void keep(Progress event) throws IOException {
        scalars.write(event);
        remember(event);
    }

    private void remember(Progress event) {
        if (!event.hasStep() && !event.hasGeneration() && !event.hasState()) {
            known.add(timeless(event));
        }
    }

    private void write(Progress event) throws IOException {
        if (event.hasStep() || known.isEmpty() || !known.contains(timeless(event))) {
            metrics.write(event);
            scalars.write(event);
        }
    }

    /** An event without what differs when the same thing is done again. */
    private static Progress timeless(Progress event) {
        Progress.Builder same = event.toBuilder().clearTimeMs();
        switch (event.getEventCase()) {
            case STARTED -> same.getStartedBuilder().clearResumedStep();
            case EPOCH -> same.getEpochBuilder().clearSeconds();
            case EVALUATION -> same.getEvaluationBuilder().clearSeconds();
            default -> {}
        }
        return same.build();
    }

    private static void refuseOccupied(Path path) throws IOException {
        Optional<String> occupant = occupant(path);
        if (occupant.isPresent()) {
            throw new UserError(occupant.get());
        }
    }

    /**
     * Why a new run can't be made in a folder.
     *
     * @return a sentence with the way out; empty if the folder is empty or absent
     */
    public static Optional<String> occupant(Path path) throws IOException {
        if (!Files.exists(path) || (Files.isDirectory(path) && OldRun.isEmpty(path))) {
            return Optional.empty();
        }
        String what = Files.exists(path.resolve(JOB)) ? "already holds a run" : "is not empty";
        return Optional.of(
                "The run folder %s %s: continue it with --resume, replace it with --overwrite, or choose another with --out"
                        .formatted(path, what));
    }

    /**
     * Brings what was written to the disk.
     *
     * @throws UserError if that fails
     */
    public synchronized void sync() {
        if (metrics != null) {
            Writing.to(path, metrics::force);
        }
    }

    @Override
    public synchronized void close() {
        Writing.to(
                path,
                () -> {
                    if (metrics != null) {
                        metrics.close();
                    }
                    if (scalars != null) {
                        scalars.close();
                    }
                });
    }
}
