package org.simreg.coordinator.status;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.IntSupplier;
import java.util.stream.Collectors;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import org.simreg.proto.EpochDone;
import org.simreg.proto.GenerationBegun;
import org.simreg.proto.JobStarted;
import org.simreg.proto.JobState;
import org.simreg.proto.Progress;
import org.simreg.proto.StateChanged;
import org.simreg.proto.StepDone;

/**
 * Shows a run on the console: with a terminal a bar of two lines (epoch, images a second, loss,
 * learning rate, time left; share of the time in each part), and above it a line for each epoch,
 * evaluation and notice; without one only such lines, and one at most every 30 seconds within an
 * epoch. Speed, loss and shares are averages over the most recent steps.
 *
 * <p>Events may come from several threads.
 */
public final class ProgressLine implements Consumer<Progress>, AutoCloseable {
    private static final long LOG_MS = 30_000;
    private static final int REFRESH_MS = 200;

    private final Style style;
    private final PrintStream out;
    private final Screen screen;
    private final BarLine barLine;
    private final Pace pace = new Pace();
    private Wording.Plan plan = new Wording.Plan(0, 0);
    private ProgressBar bar;
    private volatile BarLine.View view;
    private long lastLineMs;

    /** How much is shown, and how. */
    enum Style {
        BAR,
        LINES,
        QUIET
    }

    ProgressLine(PrintStream out, Style style, boolean unicode, IntSupplier width) {
        this.out = out;
        this.style = style;
        screen = new Screen(out, width);
        barLine = new BarLine(unicode);
    }

    /**
     * Shows a run on standard output: a bar if that is a terminal, unless {@code TERM} is "dumb" or
     * {@code CI} is set; in UTF-8 if the locale is.
     *
     * @param quiet whether nothing is shown
     */
    public static ProgressLine console(boolean quiet) {
        Map<String, String> environment = System.getenv();
        boolean unicode = Terminal.unicode(environment);
        PrintStream out =
                new PrintStream(
                        new FileOutputStream(FileDescriptor.out),
                        false,
                        unicode ? StandardCharsets.UTF_8 : StandardCharsets.US_ASCII);
        Style style = Terminal.interactive(environment) ? Style.BAR : Style.LINES;
        return new ProgressLine(out, quiet ? Style.QUIET : style, unicode, Terminal::width);
    }

    @Override
    public synchronized void accept(Progress event) {
        if (style == Style.QUIET) {
            return;
        }
        switch (event.getEventCase()) {
            case STARTED -> started(event.getStarted());
            case STEP -> step(event.getStep(), event.getTimeMs());
            case EPOCH -> epoch(event.getEpoch());
            case EVALUATION -> print(Wording.evaluation(event.getEvaluation(), plan));
            case NOTICE -> print("note: " + printable(event.getNotice().getText()));
            case FINISHED -> print(Wording.finished(event.getFinished()));
            case GENERATION -> generation(event.getGeneration());
            case STATE -> state(event.getState());
            default -> {}
        }
        if (!event.hasStep()) {
            lastLineMs = event.getTimeMs();
        }
    }

    /** Takes the bar off the terminal; what was printed above it stays. */
    @Override
    public void close() {
        ProgressBar shown;
        synchronized (this) {
            shown = bar;
            bar = null;
        }
        // Without the lock: closing waits for the bar's thread.
        if (shown != null) {
            shown.close();
            screen.close();
        }
    }

    private void started(JobStarted job) {
        plan = new Wording.Plan(job.getTotalSteps(), job.getEpochs());
        print(Wording.started(job));
        if (style == Style.BAR && bar == null) {
            bar =
                    new ProgressBarBuilder()
                            .setInitialMax(job.getTotalSteps())
                            .startsFrom(job.getResumedStep(), Duration.ZERO)
                            .setUpdateIntervalMillis(REFRESH_MS)
                            .setRenderer((state, width) -> render(width))
                            .setConsumer(screen)
                            .build();
        }
    }

    private String render(int width) {
        BarLine.View now = view;
        return now == null ? "" : barLine.render(now, width);
    }

    private void step(StepDone step, long timeMs) {
        pace.add(step);
        if (bar != null) {
            view =
                    new BarLine.View(
                            Wording.epoch(step.getEpoch(), plan),
                            step.getStep() / (double) Math.max(1, plan.steps()),
                            Wording.now(step, pace),
                            Wording.left(step, plan, pace),
                            Wording.shares(pace.shares()));
            bar.stepTo(step.getStep());
        } else if (timeMs - lastLineMs >= LOG_MS) {
            print(Wording.step(step, plan, pace));
            lastLineMs = timeMs;
        }
    }

    private void epoch(EpochDone epoch) {
        String line = Wording.epoch(epoch, plan);
        print(style == Style.BAR ? line : line + "  " + Wording.shares(pace.shares()));
    }

    /** One worker that begins is no news. */
    private void generation(GenerationBegun begun) {
        if (begun.getNumber() > 1 || begun.getWorkersCount() > 1) {
            print(printable(Wording.generation(begun)));
        }
    }

    /** A run that begins or finishes says more by other events. A reason may have several lines. */
    private void state(StateChanged changed) {
        if (changed.getState() != JobState.RUNNING && changed.getState() != JobState.SUCCEEDED) {
            print(
                    Wording.state(changed)
                            .lines()
                            .map(ProgressLine::printable)
                            .collect(Collectors.joining("\n")));
        }
    }

    /** File names may hold anything; control characters would move the cursor. */
    private static String printable(String text) {
        return text.replaceAll("\\p{Cntrl}", "?");
    }

    private void print(String lines) {
        if (bar != null) {
            screen.print(lines);
        } else {
            out.println(lines);
            out.flush();
        }
    }
}
