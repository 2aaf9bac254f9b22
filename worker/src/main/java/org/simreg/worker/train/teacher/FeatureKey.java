package org.simreg.worker.train.teacher;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.simreg.proto.Interpolation;
import org.simreg.proto.Job;
import org.simreg.proto.Precision;
import org.simreg.proto.Teacher;
import org.simreg.proto.TeacherSource;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.data.view.View;
import org.simreg.worker.data.view.ViewRecipe;
import org.simreg.worker.train.featurestore.StoreHeader;
import org.simreg.worker.weights.checkpoint.WeightsFile;
import org.simreg.worker.weights.part.PartChoice;

/**
 * The key of a teacher's store: all that decides its features besides sample and view number, in
 * words. Of the view policy only the teacher's own view counts, so that jobs which show their
 * students other views share features; of the batch the size of its parts, because the last linear
 * layer rounds by it.
 */
public final class FeatureKey {
    /** Features of an inexact job may be of any mixture of devices and thread counts. */
    private static final String ANY_PROFILE = "any";

    private final Job job;
    private final String data;
    private final String profile;

    /**
     * @param job completed, with paths that can be read here
     * @param data digest of the data set
     * @param profile numeric profile of this machine
     */
    public FeatureKey(Job job, String data, String profile) {
        this.job = job;
        this.data = data;
        this.profile = job.getExact() ? profile : ANY_PROFILE;
    }

    /**
     * The key of one teacher's store.
     *
     * @param view what the teacher sees
     * @param bfloat16 whether it computes in it here, {@link FrozenTeacher#bfloat16}
     */
    StoreHeader.Key of(Teacher teacher, View view, boolean bfloat16) {
        Map<String, String> parts = new LinkedHashMap<>();
        network(teacher, bfloat16, parts);
        parts.put("pixels", words(teacher.getPixels()));
        parts.put("view", words(view));
        if (view.recipe() instanceof ViewRecipe.RandomView) {
            parts.put("seed", Long.toUnsignedString(job.getSeed()));
        }
        parts.put("data set", data);
        parts.put("images at a time", String.valueOf(microBatch(job)));
        parts.put(StoreHeader.Key.PROFILE, profile);
        return new StoreHeader.Key(parts);
    }

    /** A TorchScript file that computes in the precision that it was written with has none here, as ever. */
    private void network(Teacher teacher, boolean bfloat16, Map<String, String> parts) {
        TeacherSource source = TeacherSource.of(teacher.getSource());
        if (source instanceof TeacherSource.TorchScript script) {
            parts.put("teacher file", sha256(Path.of(script.file())));
            parts.put("network", "torchscript");
            if (bfloat16) {
                parts.put("precision", words(Precision.BFLOAT16));
            }
        } else {
            parts.put("teacher file", sha256(Path.of(teacher.getSource())));
            parts.put("network", words(teacher.getNetwork()));
            part(teacher, parts);
            parts.put("feature", words(teacher.getFeature()));
            parts.put("precision", words(job.getPrecision()));
        }
        if (teacher.hasOutput()) {
            parts.put("output", teacher.getOutput());
        }
    }

    /** Only where the file has several networks: keys of other files stay as they were. */
    private static void part(Teacher teacher, Map<String, String> parts) {
        PartChoice choice = NetworkTeacher.choice(teacher);
        if (!choice.left().isEmpty()) {
            parts.put("part", choice.taken().prefix());
        }
    }

    /** Images that a teacher is shown at a time. */
    static int microBatch(Job job) {
        return job.getOptimization().getBatch() / job.getOptimization().getMicroBatches();
    }

    private static String words(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static String words(View view) {
        if (view.recipe() instanceof ViewRecipe.CentreView centre) {
            return "centre of %d px resized to %d px%s".formatted(centre.size(), centre.resize(), resized(centre));
        } else if (view.recipe() instanceof ViewRecipe.RandomView random) {
            String kind = random.strong() ? "strong, drawn at " + random.drawnAt() + " px" : "weak";
            return "draw %d of %d px, area from %s, %s%s"
                    .formatted(view.draw(), random.size(), random.minArea(), kind, resized(random));
        }
        return view.toString();
    }

    /** Keys of bilinear views stay as they were when there were no others. */
    private static String resized(ViewRecipe recipe) {
        return recipe.interpolation() == Interpolation.BILINEAR ? "" : ", " + words(recipe.interpolation());
    }

    private static String sha256(Path file) {
        try {
            return WeightsFile.sha256(file);
        } catch (IOException e) {
            throw new UserError("Can't read the teacher " + file + ": " + Disk.reason(e), e);
        }
    }
}
