package org.simreg.coordinator.cli.job;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.BiConsumer;
import org.simreg.coordinator.cli.option.JobOptions;
import org.simreg.coordinator.job.file.JobFile;
import org.simreg.coordinator.run.folder.PastRun;
import org.simreg.proto.Job;
import org.simreg.proto.JobSettings;
import org.simreg.proto.Problems;
import org.simreg.proto.UserError;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.storage.WorkerSettings;
import org.simreg.worker.train.JobLoader;
import org.simreg.worker.train.student.RestartState;
import org.simreg.worker.train.student.ResumeCheck;
import org.simreg.worker.train.student.RunCheckpoint;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/** The job that a command line asks for: a file, options laid over it, and what to do with it. */
final class RequestedJob {
    private static final String JOB = "--job";
    private static final String PRINT = "--print-job";
    private static final String RESUME = "--resume";
    private static final String OVERWRITE = "--overwrite";

    private final ParseResult parsed;
    private Optional<Path> continued = Optional.empty();

    /**
     * @param parsed command line of a command that was made by {@link #with} or {@link #withRun}
     */
    RequestedJob(ParseResult parsed) {
        this.parsed = parsed;
    }

    /**
     * Makes a command that takes a job.
     *
     * @param file how its file is given: by the option --job, or as a parameter of another name
     */
    static CommandLine with(String file, Object command) {
        CommandLine line = new CommandLine(command);
        CommandSpec spec = line.getCommandSpec();
        String meaning = "Job in YAML or JSON that the options are laid over (default: none)";
        if (file.equals(JOB)) {
            OptionSpec.Builder option = OptionSpec.builder(JOB).type(Path.class).arity("1");
            spec.addOption(option.paramLabel("FILE").description(meaning).build());
        } else {
            PositionalParamSpec.Builder first = PositionalParamSpec.builder().index("0");
            first.type(Path.class).arity("0..1").paramLabel(file).description(meaning);
            spec.addPositional(first.build());
        }
        JobOptions.addTo(spec);
        return line;
    }

    /** Makes a command that takes a job and runs it, or resumes the run of its run folder. */
    static CommandLine withRun(String file, Object command) {
        CommandLine line = with(file, command);
        CommandSpec spec = line.getCommandSpec();
        flag(spec, PRINT, "Print the completed job as YAML and stop (default: false)");
        flag(
                spec,
                RESUME,
                "Continue from the newest checkpoint of the run folder; without "
                        + file
                        + " the job is the folder's own, with --epochs for more; all of its state is taken, see"
                        + " --restart and --init for a new run (default: false)");
        flag(spec, OVERWRITE, "Replace what the run folder holds (default: false)");
        return line;
    }

    private static void flag(CommandSpec spec, String name, String description) {
        OptionSpec.Builder option = OptionSpec.builder(name).type(boolean.class).arity("0");
        spec.addOption(option.description(description).build());
    }

    boolean resume() {
        return parsed.matchedOptionValue(RESUME, false);
    }

    boolean overwrite() {
        return parsed.matchedOptionValue(OVERWRITE, false);
    }

    /** Whether the job is only to be printed. */
    boolean isPrinted() {
        return parsed.matchedOptionValue(PRINT, false);
    }

    /** Prints a job as YAML. */
    static void print(Job job, PrintWriter out) {
        out.print(JobFile.yaml(job));
        out.flush();
    }

    /**
     * Reads file and options.
     *
     * @param more adds to a refusal what is wrong with files
     * @return completed: every default filled in, within all bounds
     * @throws UserError if file or options are refused
     */
    Job completed(BiConsumer<Job, Problems> more) {
        if (resume() && overwrite()) {
            throw new UserError("--resume and --overwrite exclude each other; choose one");
        }
        if (resume() && file().isEmpty() && !parsed.hasMatchedOption("--data")) {
            requireRun();
        }
        Job job = JobSettings.complete(JobOptions.laidOver(base(), parsed), more);
        // What a run in another folder continued is not what this one does.
        Job own = job.toBuilder().clearContinued().build();
        return located(resume() ? continuing(own) : own);
    }

    /** Without a file and its data named, all of the job is to come from the run's folder. */
    private void requireRun() {
        String out = parsed.matchedOptionValue("--out", "");
        if (out.isEmpty()) {
            throw new UserError("--resume: name the folder of the run to continue by --out");
        }
        PastRun.require(Path.of(out));
    }

    /**
     * Refuses a completed job that goes on with more epochs over other images, and says of any other that it goes on.
     * Where the images can't be listed here, a note says so: the workers compare them then.
     *
     * @throws UserError if the images have changed and the job doesn't allow it
     */
    void requireSameImages(Job job, WorkerSettings settings) {
        if (continued.isEmpty()) {
            return;
        }
        PrintWriter notes = parsed.commandSpec().commandLine().getErr();
        Optional<ImageList> images = Optional.empty();
        try {
            images = Optional.of(JobLoader.images(job, settings));
        } catch (UserError e) {
            notes.println(
                    "note: whether the images are still the run's can't be seen from here, so that the workers look (%s)"
                            .formatted(e.getMessage()));
        }
        images.ifPresent(here -> ResumeCheck.sameImages(continued.get(), here, job));
        notes.println("note: " + ResumeCheck.continuation(job));
    }

    /** With more epochs than the run in its folder a job is another one, which says what it continues. */
    private Job continuing(Job job) {
        Path folder = Path.of(job.getCheckpoints().getOutput());
        Path settings = folder.resolve(JobFile.NAME);
        if (!Files.exists(settings)) {
            return job;
        }
        Job run = JobSettings.complete(JobFile.read(settings));
        int before = run.getOptimization().getEpochs();
        int asked = job.getOptimization().getEpochs();
        if (asked < before) {
            throw new UserError(
                    "--epochs: the run in %s has %d epochs, and --resume takes as many or more; stop it earlier with --max-steps"
                            .formatted(folder, before));
        }
        Job.Builder next = job.toBuilder();
        if (run.hasContinued()) {
            next.setContinued(run.getContinued());
        }
        Optional<Path> newest = RunCheckpoint.newest(folder.resolve("checkpoints"));
        if (asked > before && newest.isPresent()) {
            continued = newest;
            RunCheckpoint.Header state = RunCheckpoint.Header.read(newest.get());
            long most = job.getOptimization().getMaxSteps();
            if (most > 0 && state.step() >= most) {
                throw new UserError(
                        "--epochs: the run in %s ended after step %d by --max-steps, and would train none of them; give --max-steps 0 for all epochs, or more steps"
                                .formatted(folder, most));
            }
            next.getContinuedBuilder().addEpochs(before).addSteps(state.step()).addSha256(state.sha256());
        }
        return next.build();
    }

    /**
     * Replaces a run folder to restart from by its newest checkpoint, so that the job means the
     * same tomorrow; a path that isn't here stays for those who see it.
     */
    private static Job located(Job job) {
        if (!job.getStudent().hasRestart()) {
            return job;
        }
        Job.Builder located = job.toBuilder();
        Path asked = Path.of(job.getStudent().getRestart());
        located.getStudentBuilder().setRestart(RestartState.file(asked).toString());
        return located.build();
    }

    private Job base() {
        Optional<Path> file = file();
        if (file.isPresent()) {
            return JobFile.piped(file.get());
        }
        String out = parsed.matchedOptionValue("--out", "");
        Path own = Path.of(out, "job.yaml");
        boolean known = resume() && !out.isEmpty() && Files.exists(own);
        return known ? JobFile.read(own) : Job.getDefaultInstance();
    }

    private Optional<Path> file() {
        Path parameter = parsed.matchedPositionalValue(0, null);
        return Optional.ofNullable(parsed.matchedOptionValue(JOB, parameter));
    }
}
