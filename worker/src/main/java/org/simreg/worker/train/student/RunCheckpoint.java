package org.simreg.worker.train.student;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.simreg.proto.Job;
import org.simreg.proto.UserError;
import org.simreg.worker.data.dataset.ImageManifest;
import org.simreg.worker.engine.torch.FlatLayout;
import org.simreg.worker.engine.torchscript.StudentNetwork;
import org.simreg.worker.engine.torchscript.StudentState;
import org.simreg.worker.network.Weight;
import org.simreg.worker.weights.checkpoint.RunWeights;
import org.simreg.worker.weights.checkpoint.WeightsFile;
import org.simreg.worker.weights.format.Safetensors;
import org.simreg.worker.weights.tensor.StateDict;

/**
 * The checkpoint of a run after a step, as a safetensors file: {@code backbone.*} and {@code
 * head.*} (row-major, torchvision's names), the optimizer's moments ({@code momentum.*}, or {@code exp_avg.*} and {@code
 * exp_avg_sq.*}), the momentum teacher ({@code average.*}), the average of the backbone ({@code ema.*}); step, job,
 * numeric profile and digest in its metadata.
 *
 * @param step steps committed
 * @param made what it was computed from
 * @param sha256 {@link StudentState#sha256}
 * @param state flat vectors
 */
public record RunCheckpoint(long step, Origin made, String sha256, StudentState state) {
    /**
     * The origin of a checkpoint: what decides its bits besides the step.
     *
     * @param job the completed job as protobuf JSON
     * @param profile numeric profile, {@code Torch.profile}
     * @param images in the train part
     * @param manifest names and sizes of the train images; absent in checkpoints from before there were any
     */
    public record Origin(String job, String profile, int images, Optional<ImageManifest> manifest) {
        /** Without names of images. */
        public Origin(String job, String profile, int images) {
            this(job, profile, images, Optional.empty());
        }
    }

    /**
     * A state after a step, in the computer's memory, from which its checkpoint can be written. Any
     * thread may use it.
     */
    public static final class Snapshot {
        private final long step;
        private final Origin made;
        private final StudentState state;
        private final StudentState.Layout layout;
        private String sha256;
        private Map<String, String> notes;

        /**
         * @param step steps committed
         * @param state not to be changed any more
         * @param layout of the state
         */
        public Snapshot(long step, Origin made, StudentState state, StudentState.Layout layout) {
            this.step = step;
            this.made = made;
            this.state = state;
            this.layout = layout;
        }

        /** Steps in it. */
        public long step() {
            return step;
        }

        /** Flat vectors, not to be changed. */
        public StudentState state() {
            return state;
        }

        /**
         * {@link StudentState#sha256}; computed when first asked for: it costs a tenth of a second.
         */
        public synchronized String sha256() {
            if (sha256 == null) {
                sha256 = state.sha256();
            }
            return sha256;
        }

        /** Writes it in one move as a checkpoint of the job. */
        public void write(Path file) {
            checkpoint().write(file, layout);
        }

        /**
         * Writes the bytes of the same file, every time the same.
         *
         * @param out is not closed
         * @throws IOException if the stream does
         */
        public void writeTo(OutputStream out) throws IOException {
            Safetensors.write(Channels.newChannel(out), checkpoint().tensors(layout), notes());
        }

        /** The notes in its file's header, made when first asked for: to seal it costs as much as to write it. */
        private synchronized Map<String, String> notes() {
            if (notes == null) {
                RunCheckpoint checkpoint = checkpoint();
                notes = Safetensors.sealed(checkpoint.tensors(layout), checkpoint.metadata());
            }
            return notes;
        }

        private RunCheckpoint checkpoint() {
            return new RunCheckpoint(step, made, sha256(), state);
        }
    }

    private static final String MANIFEST = "images_manifest";
    private static final String AVERAGE = "average.";
    private static final String NO_CHECKPOINT =
            " is no checkpoint of a run, or a damaged one; delete it to continue from the one before";
    private static final String SUFFIX = ".safetensors";

    /** Name of the file of a step. */
    public static String fileName(long step) {
        return String.format(Locale.ROOT, "step-%08d%s", step, SUFFIX);
    }

    /** Checkpoint files in a folder by their names, oldest first; none if it isn't there. */
    public static List<Path> list(Path folder) {
        return RunWeights.list(folder);
    }

    /** The step in the name of a file that {@link #list} gave. */
    public static long stepOf(Path file) {
        return Long.parseLong(file.getFileName().toString().replaceAll("\\D", ""));
    }

    /** The newest file in the folder. */
    public static Optional<Path> newest(Path folder) {
        List<Path> files = list(folder);
        return files.isEmpty() ? Optional.empty() : Optional.of(files.get(files.size() - 1));
    }

    /** Writes the file in one move. */
    void write(Path file, StudentState.Layout layout) {
        StateDict tensors = tensors(layout);
        Safetensors.write(file, tensors, Safetensors.sealed(tensors, metadata()));
    }

    /** One tensor at a time is copied, when it is written. */
    private StateDict tensors(StudentState.Layout layout) {
        StudentNetwork trained = layout.trained();
        FlatLayout parameters = trained.parameters();
        Map<String, long[]> shapes = new LinkedHashMap<>();
        Map<String, Supplier<float[]>> values = new LinkedHashMap<>();
        put(shapes, values, "", parameters, state.weights());
        put(shapes, values, "", trained.statistics(), state.statistics());
        for (int i = 0; i < layout.moments().size(); i++) {
            put(
                    shapes,
                    values,
                    layout.moments().get(i) + ".",
                    parameters,
                    state.moments().get(i));
        }
        put(shapes, values, AVERAGE, averaged(trained), state.average());
        if (layout.ema()) {
            put(shapes, values, RunWeights.EMA, trained.backboneLayout(), state.ema());
        }
        return StateDict.lazy(shapes, name -> values.get(name).get());
    }

    private Map<String, String> metadata() {
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put("step", String.valueOf(step));
        metadata.put("job", made.job);
        metadata.put("profile", made.profile);
        metadata.put("images", String.valueOf(made.images));
        metadata.put("sha256", sha256);
        made.manifest.ifPresent(manifest -> {
            metadata.put("images_sha256", manifest.sha256());
            metadata.put(MANIFEST, manifest.packed());
        });
        return metadata;
    }

    private static FlatLayout averaged(StudentNetwork trained) {
        return trained.parameters().first(trained.averaged());
    }

    private static void put(
            Map<String, long[]> shapes,
            Map<String, Supplier<float[]>> values,
            String prefix,
            FlatLayout layout,
            float[] flat) {
        for (Weight weight : layout.weights()) {
            shapes.put(prefix + weight.name(), weight.shape());
            values.put(prefix + weight.name(), () -> layout.get(flat, weight.name()));
        }
    }

    /**
     * Reads a file that {@link #write} made: with the moments and averages of the job that made it.
     *
     * @throws UserError if it is not of this kind, of another student, or damaged
     */
    public static RunCheckpoint read(Path file, StudentNetwork trained) {
        Map<String, String> metadata = RunWeights.notes(file);
        if (!metadata.keySet().containsAll(List.of("step", "job", "profile", "images", "sha256"))) {
            throw new UserError(file + NO_CHECKPOINT);
        }
        StudentState state = state(file, StudentBuilder.layout(job(metadata.get("job"), file), trained));
        if (!state.sha256().equals(metadata.get("sha256"))) {
            throw new UserError(
                    file
                            + " is damaged: its tensors don't have the recorded SHA-256; delete it to continue from the one before");
        }
        return new RunCheckpoint(
                Long.parseLong(metadata.get("step")), origin(metadata, file), metadata.get("sha256"), state);
    }

    /** What made a file, and of which images; its tensors are not read. Empty if the file is damaged. */
    static Optional<Origin> origin(Path file) {
        try {
            Map<String, String> metadata = RunWeights.notes(file);
            boolean whole = metadata.keySet().containsAll(List.of("job", "profile", "images"));
            return whole ? Optional.of(origin(metadata, file)) : Optional.empty();
        } catch (UserError e) {
            return Optional.empty();
        }
    }

    private static Origin origin(Map<String, String> metadata, Path file) {
        return new Origin(
                metadata.get("job"),
                metadata.get("profile"),
                Integer.parseInt(metadata.get("images")),
                manifest(metadata, file));
    }

    private static StudentState state(Path file, StudentState.Layout layout) {
        StateDict tensors = WeightsFile.read(file);
        StudentNetwork trained = layout.trained();
        return new StudentState(
                get(tensors, "", trained.parameters(), file),
                layout.moments().stream()
                        .map(moment -> get(tensors, moment + ".", trained.parameters(), file))
                        .toList(),
                get(tensors, "", trained.statistics(), file),
                get(tensors, AVERAGE, averaged(trained), file),
                layout.ema() ? get(tensors, RunWeights.EMA, trained.backboneLayout(), file) : new float[0]);
    }

    private static Optional<ImageManifest> manifest(Map<String, String> metadata, Path file) {
        Optional<String> packed = Optional.ofNullable(metadata.get(MANIFEST));
        try {
            return packed.isEmpty() ? Optional.empty() : Optional.of(ImageManifest.unpacked(packed.get()));
        } catch (IOException e) {
            throw new UserError(file + " has a damaged list of images; delete it to continue from the one before", e);
        }
    }

    /** Steps in a run's checkpoint; 0 for any other file. */
    public static long steps(Path file) {
        return Long.parseLong(RunWeights.notes(file).getOrDefault("step", "0"));
    }

    /** The job in a checkpoint; settings of newer versions are passed over. */
    static Job job(String json, Path file) {
        return RunWeights.job(json, file);
    }

    private static float[] get(StateDict tensors, String prefix, FlatLayout layout, Path file) {
        float[] flat = new float[layout.length()];
        for (Weight weight : layout.weights()) {
            String name = prefix + weight.name();
            if (!tensors.contains(name) || tensors.get(name).length() != weight.length()) {
                throw new UserError(
                        file + " has no tensor " + prefix + weight + "; it belongs to another student or head");
            }
            layout.put(flat, weight.name(), tensors.get(name).floats());
        }
        return flat;
    }

    /**
     * The header of a checkpoint file: step, digest, profile and job; its tensors are not read.
     *
     * @param step steps committed
     * @param sha256 {@link StudentState#sha256}
     * @param profile numeric profile of the device that computed it
     * @param job that made it, completed
     */
    public record Header(Path file, long step, String sha256, String profile, Job job) {
        /**
         * Reads a file's header.
         *
         * @throws UserError if it isn't the checkpoint of a run
         */
        public static Header read(Path file) {
            Map<String, String> notes = RunWeights.notes(file);
            if (!notes.keySet().containsAll(List.of("step", "sha256", "profile", "job"))
                    || !notes.get("step").matches("\\d{1,18}")) {
                throw new UserError(file + NO_CHECKPOINT);
            }
            return new Header(
                    file,
                    Long.parseLong(notes.get("step")),
                    notes.get("sha256"),
                    notes.get("profile"),
                    RunCheckpoint.job(notes.get("job"), file));
        }
    }
}
