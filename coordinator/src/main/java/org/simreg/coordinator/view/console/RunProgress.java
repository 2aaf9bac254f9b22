package org.simreg.coordinator.view.console;

import java.io.FileDescriptor;
import java.time.ZoneOffset;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.simreg.proto.EpochDone;
import org.simreg.proto.GenerationBegun;
import org.simreg.proto.JobFinished;
import org.simreg.proto.JobStarted;
import org.simreg.proto.JobState;
import org.simreg.proto.Notice;
import org.simreg.proto.Printable;
import org.simreg.proto.Progress;
import org.simreg.proto.StateChanged;
import org.simreg.proto.StepDone;

/**
 * The progress of a run on the console: with a terminal a bar of two lines (epoch, images a second,
 * loss, learning rate, time left; share of the time in each part), and above it a line for each
 * epoch, evaluation and notice; without one only such lines, and one at most every 30 seconds
 * within an epoch. Speed, loss and shares are averages over the most recent steps.
 *
 * <p>Events may come from several threads.
 */
public final class RunProgress implements Consumer<Progress>, AutoCloseable {
    private static final long LOG_MS = 30_000;

    /** Images that can't be read of which each has a line. */
    private static final int BROKEN_SHOWN = 10;

    private final Style style;
    private final TerminalBar bar;
    private final RecentSteps recent = new RecentSteps();
    private final EventSentences sentences = new EventSentences(ZoneOffset.UTC);
    private final Set<String> broken = new HashSet<>();
    private volatile Figures figures;
    private long lastLineMs;

    /** The ways in which a run's progress is shown: a bar, lines, or notices alone. */
    enum Style {
        BAR,
        LINES,
        QUIET
    }

    /**
     * The figures of the bar at one moment.
     *
     * @param epoch "epoch 2/10"
     * @param done part of the job, 0 to 1
     * @param now speed, loss and learning rate
     * @param left "12 min"
     * @param shares of the time
     */
    record Figures(String epoch, double done, String now, String left, String shares) {
        /** Two lines of at most {@code width} columns, without a line break at the end. */
        String lines(TerminalBar bar, int width) {
            // 100% only when all is done
            int percent = (int) Math.floor(done * 100);
            String after = "%2d%%  %s  %s left".formatted(percent, now, left);
            return bar.line(epoch, done, after, width) + "\n" + TerminalBar.cut("time in " + shares, width);
        }
    }

    RunProgress(TerminalBar bar, Style style) {
        this.bar = bar;
        this.style = style;
    }

    /**
     * Shows a run on standard output: a bar if that is a terminal, unless {@code TERM} is "dumb" or
     * {@code CI} is set; in UTF-8 if the locale is.
     *
     * @param quiet whether only notices are shown, on standard error
     */
    public static RunProgress console(boolean quiet) {
        Map<String, String> environment = System.getenv();
        if (quiet) {
            return new RunProgress(TerminalBar.on(FileDescriptor.err, environment), Style.QUIET);
        }
        Style style = TerminalBar.isInteractive(environment) ? Style.BAR : Style.LINES;
        return new RunProgress(TerminalBar.on(FileDescriptor.out, environment), style);
    }

    @Override
    public synchronized void accept(Progress event) {
        if (style == Style.QUIET) {
            if (event.hasNotice()) {
                notice(event.getNotice());
            }
            return;
        }
        switch (event.getEventCase()) {
            case STARTED -> started(event.getStarted());
            case STEP -> step(event.getStep(), event.getTimeMs());
            case EPOCH -> epoch(event.getEpoch());
            case EVALUATION -> bar.print(sentences.evaluation(event.getEvaluation()));
            case NOTICE -> notice(event.getNotice());
            case FINISHED -> finished(event.getFinished());
            case GENERATION -> generation(event.getGeneration());
            case STATE -> state(event.getState());
            default -> {}
        }
        if (!event.hasStep()) {
            lastLineMs = event.getTimeMs();
        }
    }

    private void notice(Notice notice) {
        boolean ofImage = notice.hasBroken();
        if (ofImage && broken.add(notice.getBroken().getFile()) && broken.size() == BROKEN_SHOWN + 1) {
            bar.print("note: further images that can't be read are counted here, and named in the run's report.html");
        }
        if (!ofImage || broken.size() <= BROKEN_SHOWN) {
            bar.print("note: " + printable(notice.getText()));
        }
    }

    private void finished(JobFinished done) {
        if (!broken.isEmpty()) {
            bar.print("note: images that couldn't be read: %d; others took their places".formatted(broken.size()));
        }
        bar.print(EventSentences.finished(done));
    }

    /** Takes the bar off the terminal; what was printed above it stays. */
    @Override
    public void close() {
        bar.end();
    }

    private void started(JobStarted job) {
        bar.print(sentences.started(job));
        if (style == Style.BAR) {
            bar.begin(this::render);
        }
    }

    private String render(int width) {
        Figures now = figures;
        return now == null ? "" : now.lines(bar, width);
    }

    private void step(StepDone step, long timeMs) {
        recent.add(step);
        if (bar.hasBegun()) {
            figures = new Figures(
                    sentences.epoch(step.getEpoch()),
                    sentences.done(step),
                    EventSentences.now(step, recent),
                    sentences.left(step, recent),
                    EventSentences.shares(recent.shares()));
        } else if (timeMs - lastLineMs >= LOG_MS) {
            bar.print(sentences.step(step, recent));
            lastLineMs = timeMs;
        }
    }

    private void epoch(EpochDone epoch) {
        String line = sentences.epoch(epoch);
        bar.print(style == Style.BAR ? line : line + "  " + EventSentences.shares(recent.shares()));
    }

    /** Not shown where one worker begins, which is no news. */
    private void generation(GenerationBegun begun) {
        if (begun.getNumber() > 1 || begun.getWorkersCount() > 1) {
            bar.print(printable(EventSentences.generation(begun)));
        }
    }

    /** Not shown where other events say more: a run begins or finishes. Reasons may have lines. */
    private void state(StateChanged changed) {
        if (changed.getState() != JobState.RUNNING && changed.getState() != JobState.SUCCEEDED) {
            bar.print(EventSentences.state(changed)
                    .lines()
                    .map(RunProgress::printable)
                    .collect(Collectors.joining("\n")));
        }
    }

    /** File names may hold anything; control characters would move the cursor. */
    private static String printable(String text) {
        return Printable.text(text);
    }
}
