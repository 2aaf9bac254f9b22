package org.simreg.coordinator.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.simreg.proto.Cache;
import org.simreg.proto.Job;
import org.simreg.proto.Problems;
import org.simreg.proto.UserError;
import org.simreg.worker.cache.StoreReport;
import org.simreg.worker.distill.FeatureFill;
import org.simreg.worker.distill.JobLoader;
import org.simreg.worker.distill.WorkerSettings;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code simreg features}: teachers' features computed before the training that reads them. */
@Command(
        name = "features",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        versionProvider = Version.class,
        description =
                "Compute teachers' features of the views that a training shows again and again.",
        customSynopsis = {
            "simreg features --data=DIR --teacher=SOURCE --cache-views=N --cache-store=DIR"
                    + " [OPTIONS]",
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
            "  simreg features --data photos --teacher moco.pth.tar --cache-views 10 --cache-store"
                    + " features",
            "  simreg features --job job.yaml --cache-store /shared/features --part 2/8",
            "  simreg distill --data photos --teacher moco.pth.tar --cache-views 10 --cache-store"
                    + " features"
        })
final class FeaturesCommand implements Callable<Integer> {
    private static final int STOPPED = 130;

    private final Stop stop;

    @Spec private CommandSpec spec;
    @ParentCommand private Simreg simreg;

    @Option(
            names = "--check",
            paramLabel = "DIR",
            description =
                    "Say what the stores of a folder hold, read every row, and stop (default: none)")
    private Path check;

    @Option(
            names = "--job",
            paramLabel = "FILE",
            description = "Job in YAML or JSON that the options are laid over (default: none)")
    private Path jobFile;

    @Option(
            names = "--part",
            paramLabel = "I/N",
            description = "Compute the I-th of N equal parts only (default: 1/1)")
    private String part = "1/1";

    @Mixin private MachineOptions machine;

    FeaturesCommand(Stop stop) {
        this.stop = stop;
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
        FeatureFill.Part asked;
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
        Job job =
                AskedJob.completed(
                        spec.commandLine().getParseResult(),
                        Optional.ofNullable(jobFile),
                        false,
                        this::findProblems);
        if (!job.hasCache() || job.getCache().getPrecision() == Cache.Format.NONE) {
            throw new UserError(
                    "There are no features to keep: ask for --cache-views N (or --cache-fixed),"
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

    private FeatureFill.Part part() {
        String[] numbers = part.split("/", -1);
        if (part.matches("[1-9]\\d{0,5}/[1-9]\\d{0,5}")) {
            int number = Integer.parseInt(numbers[0]);
            int of = Integer.parseInt(numbers[1]);
            if (number <= of) {
                return new FeatureFill.Part(number, of);
            }
        }
        throw new UserError("--part: '" + part + "' is no part; write I/N with I from 1 to N");
    }

    private int fill(Job job, FeatureFill.Part part) {
        WorkerSettings settings = machine.settings();
        PrintWriter err = spec.commandLine().getErr();
        stop.whenRequested("Stopping; what is computed is kept.", () -> {});
        try (FeatureFill fill = FeatureFill.open(job, settings, err::println)) {
            FillLine line = new FillLine(simreg.quiet() ? text -> {} : err::println);
            boolean whole = fill.fill(part, line, stop::requested);
            if (!whole) {
                spec.commandLine().getOut().println("Stopped; call it again to go on");
                return STOPPED;
            }
        }
        spec.commandLine().getOut().println("The features are in " + job.getCache().getStore());
        return 0;
    }
}
