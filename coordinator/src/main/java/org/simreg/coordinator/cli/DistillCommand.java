package org.simreg.coordinator.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;
import org.simreg.coordinator.job.JobFile;
import org.simreg.proto.Job;
import org.simreg.proto.Problems;
import org.simreg.proto.UserError;
import org.simreg.worker.distill.JobLoader;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code simreg distill}: from options and a job file to a completed job, then on to the run. */
@Command(
        name = "distill",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        versionProvider = Version.class,
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
final class DistillCommand implements Callable<Integer> {
    private final ToIntFunction<DistillRequest> run;

    @Spec private CommandSpec spec;
    @ParentCommand private Simreg simreg;

    @Option(
            names = "--job",
            paramLabel = "FILE",
            description = "Job in YAML or JSON that the options are laid over (default: none)")
    private Path jobFile;

    @Option(
            names = "--print-job",
            description = "Print the completed job as YAML and stop (default: false)")
    private boolean printJob;

    @Mixin private MachineOptions machine;

    @Option(
            names = "--resume",
            description =
                    "Continue from the newest checkpoint of the run folder; without --job the job"
                            + " is the folder's own; all of its state is taken, see --restart and"
                            + " --init for a new run (default: false)")
    private boolean resume;

    @Option(
            names = "--overwrite",
            description = "Replace what the run folder holds (default: false)")
    private boolean overwrite;

    DistillCommand(ToIntFunction<DistillRequest> run) {
        this.run = run;
    }

    @Override
    public Integer call() {
        DistillRequest request;
        try {
            request = request();
        } catch (UserError e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
        if (printJob) {
            spec.commandLine().getOut().print(JobFile.yaml(request.job()));
            spec.commandLine().getOut().flush();
            return 0;
        }
        return run.applyAsInt(request);
    }

    private DistillRequest request() {
        Job job =
                AskedJob.completed(
                        spec.commandLine().getParseResult(),
                        Optional.ofNullable(jobFile),
                        resume,
                        this::findProblems);
        AskedJob.refuseBoth(resume, overwrite);
        if (!resume && !overwrite && !printJob) {
            refuseFull(Path.of(job.getCheckpoints().getOutput()));
        }
        return new DistillRequest(
                job,
                machine.device(),
                machine.threads(),
                machine.decodeThreads(),
                resume,
                overwrite,
                simreg.quiet());
    }

    private void findProblems(Job job, Problems problems) {
        JobLoader.findProblems(job, machine.settings(), problems);
    }

    private static void refuseFull(Path folder) {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> entries = Files.list(folder)) {
            if (entries.findAny().isPresent()) {
                throw new UserError(
                        "The run folder "
                                + folder
                                + " is not empty: continue it with --resume, replace it with"
                                + " --overwrite or choose another with --out");
            }
        } catch (IOException e) {
            throw new UserError("The run folder " + folder + " can't be listed: " + e, e);
        }
    }
}
