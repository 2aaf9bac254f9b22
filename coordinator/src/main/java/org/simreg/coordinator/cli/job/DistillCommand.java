package org.simreg.coordinator.cli.job;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.function.ToIntFunction;
import org.simreg.coordinator.cli.option.GlobalOptions;
import org.simreg.coordinator.cli.option.MachineOptions;
import org.simreg.coordinator.run.folder.PastRun;
import org.simreg.proto.Job;
import org.simreg.proto.Problems;
import org.simreg.proto.UserError;
import org.simreg.worker.train.JobLoader;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command {@code simreg distill}: runs a job on this machine. */
@Command(
        name = "distill",
        description = "Distil a frozen teacher into a small student, on this machine.",
        customSynopsis = {
            "simreg distill --data=DIR --teacher=SOURCE [OPTIONS]",
            "       simreg distill --job=FILE [OPTIONS]",
            "       simreg distill --resume --out=DIR"
        },
        optionListHeading = "%nOn this machine:%n",
        footer = {
            "",
            "Options override the job file; what neither names has the default: the recipe of the"
                    + " SimReg paper (arXiv 2201.05131).",
            "",
            "Examples:",
            "  simreg distill --data photos --teacher moco_v2_800ep.pth.tar --student resnet18",
            "  simreg distill --data photos --teacher self --size 64 --epochs 20",
            "  simreg distill --job runs/resnet18-photos/job.yaml --seed 1 --out runs/again"
        })
public final class DistillCommand implements Callable<Integer> {
    private final GlobalOptions global;
    private final ToIntFunction<EmbeddedRun.Settings> run;

    @Spec
    private CommandSpec spec;

    @Mixin
    private MachineOptions machine;

    private DistillCommand(GlobalOptions global, ToIntFunction<EmbeddedRun.Settings> run) {
        this.global = global;
        this.run = run;
    }

    /** The command with the options of a job. */
    public static CommandLine of(GlobalOptions global, ToIntFunction<EmbeddedRun.Settings> run) {
        return RequestedJob.withRun("--job", new DistillCommand(global, run));
    }

    @Override
    public Integer call() {
        RequestedJob requested = new RequestedJob(spec.commandLine().getParseResult());
        EmbeddedRun.Settings settings;
        try {
            settings = settings(requested);
        } catch (UserError e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
        if (requested.isPrinted()) {
            RequestedJob.print(settings.job(), spec.commandLine().getOut());
            return 0;
        }
        return run.applyAsInt(settings);
    }

    private EmbeddedRun.Settings settings(RequestedJob requested) {
        Job job = requested.completed(this::findProblems);
        requested.requireSameImages(job, machine.settings());
        if (!requested.resume() && !requested.overwrite() && !requested.isPrinted()) {
            PastRun.occupant(Path.of(job.getCheckpoints().getOutput())).ifPresent(sentence -> {
                throw new UserError(sentence);
            });
        }
        return new EmbeddedRun.Settings(
                job, machine.settings(), requested.resume(), requested.overwrite(), global.quiet());
    }

    private void findProblems(Job job, Problems problems) {
        JobLoader.findProblems(job, machine.settings(), problems);
    }
}
