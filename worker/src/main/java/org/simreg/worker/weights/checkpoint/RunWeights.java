package org.simreg.worker.weights.checkpoint;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.simreg.proto.Job;
import org.simreg.proto.UserError;
import org.simreg.worker.weights.format.Safetensors;

/** The checkpoints that a run leaves in its folder, and the job that each of them carries. */
public final class RunWeights {
    /** Folder of the checkpoints, below the run folder. */
    public static final String FOLDER = "checkpoints";

    /** Longer names have more digits. */
    private static final Comparator<Path> OLDEST_FIRST = Comparator.<Path>comparingInt(
                    file -> file.getFileName().toString().length())
            .thenComparing(Comparator.naturalOrder());

    private RunWeights() {}

    /** Checkpoints in a folder, oldest first; none if it isn't there. */
    public static List<Path> list(Path folder) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.getFileName().toString().matches("step-\\d{8,}\\.safetensors"))
                    .sorted(OLDEST_FIRST)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * A file itself, or the newest checkpoint of a run folder.
     *
     * @throws UserError if it is a folder without checkpoints
     */
    public static Path weights(Path fileOrRun) {
        if (!Files.isDirectory(fileOrRun)) {
            return fileOrRun;
        }
        List<Path> files = list(fileOrRun.resolve(FOLDER));
        if (files.isEmpty()) {
            throw new UserError(
                    "Can't read weights from %s: it is a folder without %s/step-*.safetensors; name a run folder or a file"
                            .formatted(fileOrRun, FOLDER));
        }
        return files.get(files.size() - 1);
    }

    /**
     * The job of a run's checkpoint; empty for any other file.
     *
     * @throws UserError if the file or the job in it can't be read
     */
    public static Optional<Job> job(Path checkpoint) {
        return Optional.ofNullable(Safetensors.metadata(checkpoint).get("job")).map(json -> job(json, checkpoint));
    }

    /**
     * A job as a checkpoint carries it; settings of newer versions are passed over.
     *
     * @throws UserError if it can't be read
     */
    public static Job job(String json, Path checkpoint) {
        Job.Builder job = Job.newBuilder();
        try {
            JsonFormat.parser().ignoringUnknownFields().merge(json, job);
        } catch (InvalidProtocolBufferException e) {
            throw new UserError(
                    "%s holds a job that can't be read: %s; start a new run".formatted(checkpoint, e.getMessage()), e);
        }
        return job.build();
    }
}
