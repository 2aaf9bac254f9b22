package org.simreg.coordinator.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.simreg.coordinator.client.ApiClient;
import org.simreg.coordinator.job.JobFile;
import org.simreg.coordinator.status.Tables;
import org.simreg.proto.Job;
import org.simreg.proto.JobStatus;
import org.simreg.proto.SubmitRequest;
import org.simreg.proto.SubmitRequest.Existing;
import org.simreg.proto.UserError;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code simreg submit}: a job for the cluster. */
@Command(
        name = "submit",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        versionProvider = Version.class,
        description = "Queue a job at a coordinator, whose workers train it.",
        customSynopsis = {
            "simreg submit JOB.yaml [OPTIONS]",
            "       simreg submit --data=DIR --teacher=SOURCE [OPTIONS]"
        },
        optionListHeading = "%nHere:%n",
        footer = {
            "",
            "Options override the job file; what neither names has the default: the recipe of the"
                    + " SimReg paper (arXiv 2201.05131).",
            "Relative paths of the job are taken from the folder where this command is called and"
                    + " sent as absolute ones, unless they have a scheme (s3://...): the"
                    + " coordinator must find the run folder there, and coordinator or workers"
                    + " data and weights.",
            "",
            "Examples:",
            "  simreg submit job.yaml --watch",
            "  simreg submit --data photos --teacher moco_v2_800ep.pth.tar --priority 5",
            "  simreg submit --resume --out runs/resnet18-photos --epochs 200"
        })
final class SubmitCommand implements Callable<Integer> {
    private final Stop stop;

    @Spec private CommandSpec spec;
    @ParentCommand private Simreg simreg;
    @Mixin private CoordinatorOptions coordinator;

    @Parameters(
            arity = "0..1",
            paramLabel = "JOB.yaml",
            description = "Job in YAML or JSON that the options are laid over (default: none)")
    private Path file;

    @Option(
            names = "--watch",
            description =
                    "Show the progress until the job ends; Ctrl-C leaves it running (default:"
                            + " false)")
    private boolean watch;

    @Option(
            names = "--request-id",
            paramLabel = "TEXT",
            description =
                    "Submitting again with the same text gives the first time's job, up to 200"
                            + " characters (default: a new one each time)")
    private String requestId;

    @Option(
            names = "--resume",
            description =
                    "Continue from the newest checkpoint of the run folder; without JOB.yaml the job"
                            + " is the folder's own; all of its state is taken, see --restart and"
                            + " --init for a new run (default: false)")
    private boolean resume;

    @Option(
            names = "--overwrite",
            description = "Replace what the run folder holds (default: false)")
    private boolean overwrite;

    @Option(
            names = "--print-job",
            description = "Print the completed job as YAML and stop (default: false)")
    private boolean printJob;

    SubmitCommand(Stop stop) {
        this.stop = stop;
    }

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        Job job = job();
        if (printJob) {
            out.print(JobFile.yaml(job));
            out.flush();
            return 0;
        }
        try (ApiClient client = coordinator.open()) {
            JobStatus status = submit(client, job);
            out.println(simreg.quiet() ? status.getId() : Tables.state(status));
            if (!watch) {
                return 0;
            }
            return new JobWatch(client, stop, out, simreg.quiet()).show(status.getId(), 0);
        }
    }

    private Job job() {
        try {
            AskedJob.refuseBoth(resume, overwrite);
            Job asked =
                    AskedJob.completed(
                            spec.commandLine().getParseResult(),
                            Optional.ofNullable(file),
                            resume,
                            (job, problems) -> {});
            return new CallersPaths(Path.of("")).absolute(asked);
        } catch (UserError e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
    }

    /** A job whose settings the coordinator refuses is a wrong one here too. */
    private JobStatus submit(ApiClient client, Job job) {
        SubmitRequest request =
                SubmitRequest.newBuilder()
                        .setJob(job)
                        .setRequestId(requestId == null ? UUID.randomUUID().toString() : requestId)
                        .setExisting(existing())
                        .build();
        try {
            return client.ask(jobs -> jobs.submit(request));
        } catch (UserError e) {
            if (e.problems().isEmpty()) {
                throw e;
            }
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
    }

    private Existing existing() {
        if (resume) {
            return Existing.RESUME;
        }
        return overwrite ? Existing.OVERWRITE : Existing.REFUSE;
    }
}
