package org.simreg.worker.distill;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.simreg.proto.Job;
import org.simreg.proto.UserError;
import org.simreg.worker.checkpoint.Checkpoints;
import org.simreg.worker.checkpoint.HostTensor;
import org.simreg.worker.checkpoint.RunFiles;
import org.simreg.worker.checkpoint.Safetensors;
import org.simreg.worker.checkpoint.StateDict;
import org.simreg.worker.network.Weight;
import org.simreg.worker.torchscript.FlatLayout;
import org.simreg.worker.torchscript.StudentState;
import org.simreg.worker.torchscript.Trained;

/**
 * A run at the end of a step, as a safetensors file: {@code backbone.*} and {@code head.*}
 * (row-major, torchvision's names), {@code momentum.*}, {@code average.*}; step, job, numeric
 * profile and digest in its metadata.
 *
 * @param step steps committed
 * @param made what it was computed from
 * @param sha256 {@link StudentState#sha256}
 * @param state flat vectors
 */
record RunCheckpoint(long step, Origin made, String sha256, StudentState state) {
    /**
     * What decides the bits besides the step.
     *
     * @param job the completed job as protobuf JSON
     * @param profile numeric profile, {@link org.simreg.worker.torchscript.Torch#profile}
     * @param images in the train part
     */
    record Origin(String job, String profile, int images) {}

    private static final String MOMENTUM = "momentum.";
    private static final String AVERAGE = "average.";
    private static final String SUFFIX = ".safetensors";

    /** Name of the file of a step. */
    static String fileName(long step) {
        return String.format(java.util.Locale.ROOT, "step-%08d%s", step, SUFFIX);
    }

    /** Files in the folder, oldest first; none if it isn't there. */
    static List<Path> list(Path folder) {
        return RunFiles.list(folder);
    }

    /** The newest file in the folder. */
    static Optional<Path> newest(Path folder) {
        List<Path> files = list(folder);
        return files.isEmpty() ? Optional.empty() : Optional.of(files.get(files.size() - 1));
    }

    /** Writes the file in one move. */
    void write(Path file, Trained trained) {
        Map<String, HostTensor> tensors = new LinkedHashMap<>();
        FlatLayout parameters = trained.parameters();
        put(tensors, "", parameters, state.weights());
        put(tensors, "", trained.statistics(), state.statistics());
        put(tensors, MOMENTUM, parameters, state.momentum());
        put(tensors, AVERAGE, averaged(trained), state.average());
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put("step", String.valueOf(step));
        metadata.put("job", made.job);
        metadata.put("profile", made.profile);
        metadata.put("images", String.valueOf(made.images));
        metadata.put("sha256", sha256);
        Safetensors.write(file, StateDict.of(tensors), metadata);
    }

    private static FlatLayout averaged(Trained trained) {
        return trained.parameters().first(trained.averaged());
    }

    private static void put(
            Map<String, HostTensor> tensors, String prefix, FlatLayout layout, float[] flat) {
        for (Weight weight : layout.weights()) {
            tensors.put(
                    prefix + weight.name(),
                    HostTensor.of(layout.get(flat, weight.name()), weight.shape()));
        }
    }

    /**
     * Reads a file that {@link #write} made.
     *
     * @throws UserError if it is not of this kind, of another student, or damaged
     */
    static RunCheckpoint read(Path file, Trained trained) {
        Map<String, String> metadata = Safetensors.metadata(file);
        if (!metadata.keySet().containsAll(List.of("step", "job", "profile", "images", "sha256"))) {
            throw new UserError(
                    file
                            + " is no checkpoint of a run, or a damaged one; delete it to continue from the one before");
        }
        StateDict tensors = Checkpoints.read(file);
        StudentState state =
                new StudentState(
                        get(tensors, "", trained.parameters(), file),
                        get(tensors, MOMENTUM, trained.parameters(), file),
                        get(tensors, "", trained.statistics(), file),
                        get(tensors, AVERAGE, averaged(trained), file));
        if (!state.sha256().equals(metadata.get("sha256"))) {
            throw new UserError(
                    file
                            + " is damaged: its tensors don't have the recorded SHA-256; delete it to continue from the one before");
        }
        return new RunCheckpoint(
                Long.parseLong(metadata.get("step")),
                new Origin(
                        metadata.get("job"),
                        metadata.get("profile"),
                        Integer.parseInt(metadata.get("images"))),
                metadata.get("sha256"),
                state);
    }

    /** Steps in a run's checkpoint; 0 for any other file. */
    static long steps(Path file) {
        return Long.parseLong(Safetensors.metadata(file).getOrDefault("step", "0"));
    }

    /** The job in a checkpoint; settings of newer versions are passed over. */
    static Job job(String json, Path file) {
        return RunFiles.job(json, file);
    }

    private static float[] get(StateDict tensors, String prefix, FlatLayout layout, Path file) {
        float[] flat = new float[layout.length()];
        for (Weight weight : layout.weights()) {
            String name = prefix + weight.name();
            if (!tensors.contains(name) || tensors.get(name).length() != weight.length()) {
                throw new UserError(
                        file
                                + " has no tensor "
                                + prefix
                                + weight
                                + "; it belongs to another student or head");
            }
            layout.put(flat, weight.name(), tensors.get(name).floats());
        }
        return flat;
    }
}
