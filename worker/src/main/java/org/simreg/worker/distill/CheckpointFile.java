package org.simreg.worker.distill;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.simreg.proto.Job;
import org.simreg.proto.UserError;
import org.simreg.worker.checkpoint.Safetensors;

/**
 * The header of a run's checkpoint file: what it says of itself; its tensors are not read.
 *
 * @param step steps committed
 * @param sha256 of weights, momentum and statistics, hexadecimal
 * @param profile numeric profile of the device that computed it
 * @param job that made it, completed
 */
public record CheckpointFile(Path file, long step, String sha256, String profile, Job job) {
    /** Name of the file of a step. */
    public static String name(long step) {
        return RunCheckpoint.fileName(step);
    }

    /** Checkpoint files in a folder by their names, oldest first; none if it isn't there. */
    public static List<Path> list(Path folder) {
        return RunCheckpoint.list(folder);
    }

    /** The step in the name of a file that {@link #list} gave. */
    public static long step(Path file) {
        return Long.parseLong(file.getFileName().toString().replaceAll("\\D", ""));
    }

    /**
     * Reads a file's header.
     *
     * @throws UserError if it isn't the checkpoint of a run
     */
    public static CheckpointFile read(Path file) {
        Map<String, String> notes = Safetensors.metadata(file);
        if (!notes.keySet().containsAll(List.of("step", "sha256", "profile", "job"))
                || !notes.get("step").matches("\\d{1,18}")) {
            throw new UserError(
                    file
                            + " is no checkpoint of a run, or a damaged one; delete it to continue from the one before");
        }
        return new CheckpointFile(
                file,
                Long.parseLong(notes.get("step")),
                notes.get("sha256"),
                notes.get("profile"),
                RunCheckpoint.job(notes.get("job"), file));
    }

    /**
     * Refuses a job that would go on from another's run to another result.
     *
     * @param file that says what made the run, for the message
     * @param made job that made it, completed
     * @throws UserError if the job computes something else
     */
    public static void requireSame(Path file, Job made, Job asked) {
        Resumption.sameJob(file, made, asked);
    }
}
