package org.simreg.coordinator.cli.job;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.simreg.coordinator.cli.option.CoordinatorOptions;
import org.simreg.coordinator.cli.option.GlobalOptions;
import org.simreg.coordinator.cli.option.StopSignal;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.coordinator.job.file.JobPaths;
import org.simreg.coordinator.node.VertxInstances;
import org.simreg.coordinator.view.console.JobTables;
import org.simreg.proto.Job;
import org.simreg.proto.JobStatus;
import org.simreg.proto.SubmitRequest;
import org.simreg.proto.SubmitRequest.Existing;
import org.simreg.proto.UserError;
import org.simreg.worker.data.storage.WorkerSettings;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command {@code simreg submit}: sends a job to a coordinator. */
@Command(
        name = "submit",
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
public final class SubmitCommand implements Callable<Integer> {
    private final GlobalOptions global;
    private final StopSignal stop;

    @Spec
    private CommandSpec spec;

    @Mixin
    private CoordinatorOptions coordinator;

    @Option(
            names = "--watch",
            description = "Show the progress until the job ends; Ctrl-C leaves it running (default:" + " false)")
    private boolean watch;

    @Option(
            names = "--request-id",
            paramLabel = "TEXT",
            description = "Submitting again with the same text gives the first time's job, up to 200"
                    + " characters (default: a new one each time)")
    private String requestId;

    private SubmitCommand(GlobalOptions global, StopSignal stop) {
        this.global = global;
        this.stop = stop;
    }

    /** The command with the options of a job. */
    public static CommandLine of(GlobalOptions global, StopSignal stop) {
        return RequestedJob.withRun("JOB.yaml", new SubmitCommand(global, stop));
    }

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        RequestedJob requested = new RequestedJob(spec.commandLine().getParseResult());
        Job job = job(requested);
        if (requested.isPrinted()) {
            RequestedJob.print(job, out);
            return 0;
        }
        try (ApiClient client = coordinator.open()) {
            JobStatus status = submit(client, job, existing(requested));
            out.println(global.quiet() ? status.getId() : JobTables.state(status));
            if (!watch) {
                return 0;
            }
            return new JobDisplay(client, stop, out, global.quiet()).show(status.getId(), 0);
        }
    }

    private Job job(RequestedJob requested) {
        try {
            Job completed = requested.completed((job, problems) -> {});
            Job job = JobPaths.replaced(completed, SubmitCommand::absolute);
            requested.requireSameImages(job, new WorkerSettings("cpu", 1, 1, VertxInstances.cache()));
            return job;
        } catch (UserError e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
    }

    /** Coordinator and workers run in other folders than the one who submits. */
    private static String absolute(String path) {
        return Path.of(path).toAbsolutePath().normalize().toString();
    }

    /** Submits; settings that the coordinator refuses are wrong usage here too. */
    private JobStatus submit(ApiClient client, Job job, Existing existing) {
        SubmitRequest request = SubmitRequest.newBuilder()
                .setJob(job)
                .setRequestId(requestId == null ? UUID.randomUUID().toString() : requestId)
                .setExisting(existing)
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

    private static Existing existing(RequestedJob requested) {
        if (requested.resume()) {
            return Existing.RESUME;
        }
        return requested.overwrite() ? Existing.OVERWRITE : Existing.REFUSE;
    }
}
