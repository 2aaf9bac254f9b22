package org.simreg.worker.weights.checkpoint;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor.JavaType;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.ListValue;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import com.google.protobuf.util.JsonFormat;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.simreg.proto.Job;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.weights.format.ForeignFormat;
import org.simreg.worker.weights.format.Safetensors;
import org.simreg.worker.weights.format.ShardIndex;
import org.simreg.worker.weights.tensor.CorruptFile;
import org.simreg.worker.weights.tensor.MappedFile;

/** The checkpoints that a run leaves in its folder, and the job that each of them carries. */
public final class RunWeights {
    /** Folder of the checkpoints, below the run folder. */
    public static final String FOLDER = "checkpoints";

    /** Before the names of the backbone's average. */
    public static final String EMA = "ema.";

    /** Before the names of what an optimizer and the momentum teacher keep beside the weights. */
    static final List<String> STATE = List.of("momentum.", "exp_avg.", "exp_avg_sq.", "average.");

    /** Longer names have more digits. */
    private static final Comparator<Path> OLDEST_FIRST = Comparator.<Path>comparingInt(
                    file -> file.getFileName().toString().length())
            .thenComparing(Comparator.naturalOrder());

    private static final Pattern NAME = Pattern.compile("step-\\d{8,}\\.safetensors");

    private RunWeights() {}

    /** Checkpoints in a folder, oldest first; none if it isn't there. */
    public static List<Path> list(Path folder) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(
                            file -> NAME.matcher(file.getFileName().toString()).matches())
                    .sorted(OLDEST_FIRST)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Whether a tensor of a run's checkpoint is no weight of student or heads: of the optimizer, or of an average. */
    public static boolean isState(String name) {
        return name.startsWith(EMA) || STATE.stream().anyMatch(name::startsWith);
    }

    /**
     * A file itself, a folder that stands for one, or the newest checkpoint of a run folder.
     *
     * @throws UserError if it is a folder without checkpoints
     */
    public static Path weights(Path fileOrRun) {
        if (!Files.isDirectory(fileOrRun)) {
            return fileOrRun;
        }
        List<Path> files = list(fileOrRun.resolve(FOLDER));
        if (files.isEmpty() && WeightFolder.isWeights(fileOrRun)) {
            return fileOrRun;
        }
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
        return Optional.ofNullable(notes(checkpoint).get("job")).map(json -> job(json, checkpoint));
    }

    /**
     * The notes in the header of a safetensors file; none of any other file. Of a checkpoint all bytes
     * are read and compared with the SHA-256 that it was written with.
     *
     * @throws UserError if the file can't be read or is damaged
     */
    public static Map<String, String> notes(Path file) {
        if (Files.isDirectory(file) || ShardIndex.isIndex(file)) {
            return Map.of();
        }
        try {
            return Safetensors.notes(MappedFile.open(file));
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    /** What is said of a file of weights that can't be read; of a checkpoint its step and the way out too. */
    static UserError unreadable(Path file, IOException cause) {
        String name = file.getFileName().toString();
        String wayOut = cause instanceof CorruptFile && NAME.matcher(name).matches()
                ? " (it is the checkpoint after step %s; the run's --resume sets it aside and continues from the one before)"
                        .formatted(name.replaceAll("\\D", "").replaceFirst("^0+(?=.)", ""))
                : "";
        String why = cause instanceof NoSuchFileException
                ? ForeignFormat.ofMissing(file).orElseGet(() -> Disk.reason(cause))
                : Disk.reason(cause);
        return new UserError("Can't read weights from %s: %s%s".formatted(file, why, wayOut), cause);
    }

    /**
     * A job as a checkpoint carries it; settings of newer versions are passed over. A setting that is a list by now may be
     * a single value, as an earlier version wrote it.
     *
     * @throws UserError if it can't be read
     */
    public static Job job(String json, Path checkpoint) {
        Job.Builder job = Job.newBuilder();
        try {
            Struct.Builder written = Struct.newBuilder();
            JsonFormat.parser().merge(json, written);
            String listed = JsonFormat.printer().print(listed(written.build(), Job.getDescriptor()));
            JsonFormat.parser().ignoringUnknownFields().merge(listed, job);
        } catch (InvalidProtocolBufferException e) {
            throw new UserError(
                    "%s holds a job that can't be read: %s; start a new run".formatted(checkpoint, e.getMessage()), e);
        }
        return job.build();
    }

    private static Struct listed(Struct written, Descriptor type) {
        Struct.Builder listed = written.toBuilder();
        for (FieldDescriptor field : type.getFields()) {
            Value value = written.getFieldsMap().get(field.getJsonName());
            if (value == null) {
                continue;
            }
            if (field.isRepeated() && !value.hasListValue()) {
                ListValue one = ListValue.newBuilder().addValues(value).build();
                listed.putFields(
                        field.getJsonName(),
                        Value.newBuilder().setListValue(one).build());
            } else if (value.hasStructValue() && field.getJavaType() == JavaType.MESSAGE) {
                Struct inner = listed(value.getStructValue(), field.getMessageType());
                listed.putFields(
                        field.getJsonName(),
                        Value.newBuilder().setStructValue(inner).build());
            }
        }
        return listed.build();
    }
}
