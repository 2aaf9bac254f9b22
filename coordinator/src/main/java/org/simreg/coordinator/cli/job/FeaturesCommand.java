package org.simreg.coordinator.cli.job;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.simreg.coordinator.cli.option.GlobalOptions;
import org.simreg.coordinator.cli.option.MachineOptions;
import org.simreg.coordinator.cli.option.StopSignal;
import org.simreg.proto.Cache;
import org.simreg.proto.Job;
import org.simreg.proto.Problems;
import org.simreg.proto.UserError;
import org.simreg.worker.data.storage.WorkerSettings;
import org.simreg.worker.train.JobLoader;
import org.simreg.worker.train.featurestore.StoreReport;
import org.simreg.worker.train.teacher.FeatureFiller;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The command {@code simreg features}: computes teachers' features before the training that reads
 * them.
 */
@Command(
        name = "features",
        description = "Compute teachers' features of the views that a training shows again and again.",
        customSynopsis = {
            "simreg features --data=DIR --teacher=SOURCE --cache-views=N --cache-store=DIR" + " [OPTIONS]",
            "       simreg features --job=FILE --cache-store=DIR [OPTIONS]",
            "       simreg features --check=DIR"
        },
        optionListHeading = "%nOn this machine:%n",
        footer = {
            "",
            "Takes the settings of simreg distill; those of data, teachers, views, batch, precision"
                    + " and seed must be the training's. What is in the store already is passed"
                    + " over, so that it can be stopped and called again. Several processes or"
                    + " machines that share the folder take a part each.",
            "",
            "Examples:",
            "  simreg features --data photos --teacher moco.pth.tar --cache-views 10 --cache-store" + " features",
            "  simreg features --job job.yaml --cache-store /shared/features --part 2/8",
            "  simreg distill --data photos --teacher moco.pth.tar --cache-views 10 --cache-store" + " features"
        })
public final class FeaturesCommand implements Callable<Integer> {
    private static final int STOPPED = 130;

    private final GlobalOptions global;
    private final StopSignal stop;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--check",
            paramLabel = "DIR",
            description = "Say what the stores of a folder hold, read every row, and stop (default: none)")
    private Path check;

    @Option(names = "--part", paramLabel = "I/N", description = "Compute the I-th of N equal parts only (default: 1/1)")
    private String part = "1/1";

    @Mixin
    private MachineOptions machine;

    private FeaturesCommand(GlobalOptions global, StopSignal stop) {
        this.global = global;
        this.stop = stop;
    }

    /** The command with the options of a job. */
    public static CommandLine of(GlobalOptions global, StopSignal stop) {
        return RequestedJob.with("--job", new FeaturesCommand(global, stop));
    }

    @Override
    public Integer call() {
        if (check != null) {
            PrintWriter out = spec.commandLine().getOut();
            out.print(StoreReport.of(check));
            out.flush();
            return 0;
        }
        Job job;
        FeatureFiller.Part asked;
        try {
            job = job();
            asked = part();
        } catch (UserError e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
        return fill(job, asked);
    }

    private void findProblems(Job job, Problems problems) {
        JobLoader.findProblems(job, machine.settings(), problems);
    }

    private Job job() {
        RequestedJob requested = new RequestedJob(spec.commandLine().getParseResult());
        Job job = requested.completed(this::findProblems);
        boolean nothing = job.getCache().getViews() == 0 && !job.getCache().getFixed();
        if (nothing || job.getCache().getPrecision() == Cache.Format.NONE) {
            throw new UserError("There are no features to keep: ask for --cache-views N (or --cache-fixed),"
                    + " with --cache-precision float32 or float16");
        }
        // In the run's folder they would stand in the way of a run that isn't there yet.
        Path run = Path.of(job.getCheckpoints().getOutput()).toAbsolutePath().normalize();
        Path store = Path.of(job.getCache().getStore()).toAbsolutePath().normalize();
        if (store.startsWith(run)) {
            throw new UserError(
                    "The features would lie in the run folder %s, which must be empty when the training starts; choose another folder with --cache-store"
                            .formatted(job.getCheckpoints().getOutput()));
        }
        return job;
    }

    private FeatureFiller.Part part() {
        String[] numbers = part.split("/", -1);
        if (part.matches("[1-9]\\d{0,5}/[1-9]\\d{0,5}")) {
            int number = Integer.parseInt(numbers[0]);
            int of = Integer.parseInt(numbers[1]);
            if (number <= of) {
                return new FeatureFiller.Part(number, of);
            }
        }
        throw new UserError("--part: '" + part + "' is no part; write I/N with I from 1 to N");
    }

    private int fill(Job job, FeatureFiller.Part part) {
        WorkerSettings settings = machine.settings();
        PrintWriter err = spec.commandLine().getErr();
        stop.whenRequested("Stopping; what is computed is kept.", () -> {});
        try (FeatureFiller fill = FeatureFiller.open(job, settings, err::println)) {
            FillProgress line = new FillProgress(global.quiet() ? text -> {} : err::println);
            boolean whole = fill.fill(part, line, stop::requested);
            if (!whole) {
                spec.commandLine().getOut().println("Stopped; call it again to go on");
                return STOPPED;
            }
        }
        spec.commandLine()
                .getOut()
                .println("The features are in " + job.getCache().getStore());
        return 0;
    }

    /** The progress of filling stores as text: a line every five seconds and at the end. */
    private static final class FillProgress implements FeatureFiller.Progress {
        private static final long INTERVAL = Duration.ofSeconds(5).toNanos();

        private final Consumer<String> out;
        private final long begun = System.nanoTime();
        private long first = -1;
        private long last = begun;

        FillProgress(Consumer<String> out) {
            this.out = out;
        }

        @Override
        public void at(long done, long all) {
            long now = System.nanoTime();
            first = first < 0 ? done : first;
            if (done == all || now - last >= INTERVAL) {
                last = now;
                out.accept(line(done, all, (now - begun) / 1e9));
            }
        }

        /** The rate counts what was computed since the start, not what was there. */
        private String line(long done, long all, double seconds) {
            double rate = seconds > 0 ? (done - first) / seconds : 0;
            String share = String.format(Locale.ROOT, "%,d of %,d images", done, all);
            if (done == all || rate <= 0) {
                return share;
            }
            long left = Math.round((all - done) / rate);
            return String.format(Locale.ROOT, "%s, %.0f a second, %d:%02d left", share, rate, left / 60, left % 60);
        }
    }
}
