package org.simreg.coordinator.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.BiConsumer;
import org.simreg.coordinator.job.JobFile;
import org.simreg.proto.Job;
import org.simreg.proto.JobSettings;
import org.simreg.proto.Problems;
import org.simreg.proto.UserError;
import org.simreg.worker.distill.Restart;
import picocli.CommandLine.ParseResult;

/** The job that a command line asks for: a file, and options laid over it. */
final class AskedJob {
    private AskedJob() {}

    /**
     * @param file job in YAML or JSON
     * @param resume whether without a file the job is the run folder's own
     * @param more adds to a refusal what is wrong with files
     * @return completed: every default filled in, within all bounds
     * @throws UserError if file or options are refused
     */
    static Job completed(
            ParseResult parsed,
            Optional<Path> file,
            boolean resume,
            BiConsumer<Job, Problems> more) {
        Job asked = new JobFlags(parsed).over(base(parsed, file, resume));
        return located(JobSettings.complete(asked, more));
    }

    /**
     * Of a run folder the checkpoint that is the newest now, so that the job means the same
     * tomorrow; a path that isn't here stays for those who see it.
     */
    private static Job located(Job job) {
        if (!job.getStudent().hasRestart()) {
            return job;
        }
        Job.Builder located = job.toBuilder();
        Path asked = Path.of(job.getStudent().getRestart());
        located.getStudentBuilder().setRestart(Restart.file(asked).toString());
        return located.build();
    }

    /**
     * @throws UserError if both are asked for
     */
    static void refuseBoth(boolean resume, boolean overwrite) {
        if (resume && overwrite) {
            throw new UserError("--resume and --overwrite exclude each other; choose one");
        }
    }

    private static Job base(ParseResult parsed, Optional<Path> file, boolean resume) {
        if (file.isPresent()) {
            return JobFile.read(file.get());
        }
        String out = parsed.matchedOptionValue("--out", "");
        Path own = Path.of(out, "job.yaml");
        boolean known = resume && !out.isEmpty() && Files.exists(own);
        return known ? JobFile.read(own) : Job.getDefaultInstance();
    }
}
