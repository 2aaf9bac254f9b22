package org.simreg.coordinator.cli.job;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import org.simreg.coordinator.cli.option.CoordinatorOptions;
import org.simreg.coordinator.cli.option.GlobalOptions;
import org.simreg.coordinator.cli.option.StopSignal;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.coordinator.view.console.JobTables;
import org.simreg.proto.DataSource;
import org.simreg.proto.Dataset;
import org.simreg.proto.Job;
import org.simreg.proto.JobStatus;
import org.simreg.proto.Student;
import org.simreg.proto.SubmitRequest;
import org.simreg.proto.SubmitRequest.Existing;
import org.simreg.proto.Teacher;
import org.simreg.proto.TeacherSource;
import org.simreg.proto.UserError;
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
            return new AbsolutePaths(Path.of("")).of(completed);
        } catch (UserError e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
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

    /**
     * The conversion of a job's paths to absolute ones: coordinator and workers run in other
     * folders than the one who submits.
     *
     * @param folder that relative paths start from
     */
    private record AbsolutePaths(Path folder) {
        private static final Pattern SCHEME = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]*://.*");

        /**
         * @param job completed
         * @return the same with absolute paths; what has a scheme ("s3://...") stays as it is
         */
        Job of(Job job) {
            Job.Builder whole = job.toBuilder();
            whole.getCheckpointsBuilder()
                    .setOutput(absolute(job.getCheckpoints().getOutput()));
            data(whole.getDatasetBuilder());
            DataSource.evaluation(job)
                    .map(data -> DataSource.moved(data, this::absolute).getPathList())
                    .ifPresent(paths -> whole.getEvaluationBuilder().clearData().addAllData(paths));
            student(whole.getStudentBuilder());
            whole.getTeachersBuilderList().forEach(this::teacher);
            if (job.getCache().hasStore()) {
                whole.getCacheBuilder().setStore(absolute(job.getCache().getStore()));
            }
            return whole.build();
        }

        private void data(Dataset.Builder data) {
            Dataset moved = DataSource.moved(data.build(), this::absolute);
            data.clearPath().addAllPath(moved.getPathList());
            if (data.hasClassesFile()) {
                data.setClassesFile(absolute(data.getClassesFile()));
            }
            if (data.hasValLabels()) {
                data.setValLabels(absolute(data.getValLabels()));
            }
        }

        private void student(Student.Builder student) {
            if (student.hasInit()) {
                student.setInit(absolute(student.getInit()));
            }
            if (student.hasModule()) {
                student.setModule(absolute(student.getModule()));
            }
            if (student.hasRestart()) {
                student.setRestart(absolute(student.getRestart()));
            }
        }

        private void teacher(Teacher.Builder teacher) {
            TeacherSource source = TeacherSource.of(teacher.getSource());
            if (source instanceof TeacherSource.TorchScript module) {
                teacher.setSource(TeacherSource.TORCHSCRIPT_PREFIX + absolute(module.file()));
            } else if (source instanceof TeacherSource.Weights weights) {
                teacher.setSource(absolute(weights.file()));
            }
        }

        private String absolute(String path) {
            boolean elsewhere = SCHEME.matcher(path).matches();
            return elsewhere
                    ? path
                    : folder.resolve(path).toAbsolutePath().normalize().toString();
        }
    }
}
