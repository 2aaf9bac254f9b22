package org.simreg.worker.distill;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.simreg.proto.Job;
import org.simreg.proto.Precision;
import org.simreg.worker.checkpoint.Checkpoints;
import org.simreg.worker.checkpoint.Fit;
import org.simreg.worker.checkpoint.HostTensor;
import org.simreg.worker.checkpoint.StateDict;
import org.simreg.worker.network.Heads;
import org.simreg.worker.network.Network;
import org.simreg.worker.network.Networks;
import org.simreg.worker.network.Weight;
import org.simreg.worker.torchscript.FlatLayout;
import org.simreg.worker.torchscript.Objective;
import org.simreg.worker.torchscript.StepSettings;
import org.simreg.worker.torchscript.StudentState;
import org.simreg.worker.torchscript.Trained;

/** What a job trains, what it starts from, and what it leaves behind. */
public final class Students {
    private Students() {}

    /**
     * @param teachers loaded; none for a momentum teacher
     */
    static Trained of(Job job, List<Teacher> teachers) {
        Network backbone = Networks.backbone(job.getStudent().getNetwork());
        if (teachers.isEmpty()) {
            int hidden = job.getMomentumTeacher().getHidden();
            int out = job.getMomentumTeacher().getOutput();
            return Trained.selfTaught(
                    backbone,
                    Heads.projection(backbone.outputs(), hidden, out),
                    Heads.projection(out, hidden, out));
        }
        List<Network> heads =
                teachers.stream()
                        .map(
                                teacher ->
                                        Heads.regression(
                                                job.getHead().getForm(),
                                                job.getHead().getLayers(),
                                                backbone.outputs(),
                                                teacher.width()))
                        .toList();
        return Trained.regression(backbone, heads);
    }

    static StepSettings settings(Job job) {
        return new StepSettings(
                job.getPrecision() == Precision.BFLOAT16,
                job.getOptimization().getMomentum(),
                job.getOptimization().getWeightDecay(),
                new Objective(job.getLoss(), weights(job)));
    }

    /** None for the momentum teacher. */
    private static List<Double> weights(Job job) {
        return job.getTeachersList().stream()
                .filter(teacher -> teacher.hasWeight())
                .map(teacher -> teacher.getWeight())
                .toList();
    }

    /** Random weights by the seed, or the backbone of {@code student.init}. */
    static StudentState start(Job job, Trained trained) {
        StudentState random = InitialWeights.of(trained, job.getSeed());
        if (job.getStudent().getInit().isEmpty()) {
            return random;
        }
        Path file = Path.of(job.getStudent().getInit());
        StateDict found = Fit.fit(Checkpoints.read(file), trained.backbone(), file.toString());
        put(trained.parameters(), random.weights(), found);
        put(trained.statistics(), random.statistics(), found);
        System.arraycopy(random.weights(), 0, random.average(), 0, random.average().length);
        return random;
    }

    private static void put(FlatLayout layout, float[] flat, StateDict found) {
        for (Weight weight : layout.weights()) {
            if (weight.name().startsWith(Trained.BACKBONE)) {
                String name = weight.name().substring(Trained.BACKBONE.length());
                layout.put(flat, weight.name(), found.get(name).floats());
            }
        }
    }

    /** The backbone's weights and statistics by torchvision's names. */
    public static StateDict backbone(Trained trained, StudentState state) {
        FlatLayout parameters = trained.parameters();
        FlatLayout statistics = trained.statistics();
        Map<String, HostTensor> tensors = new LinkedHashMap<>();
        for (Weight weight : trained.backbone().weights()) {
            String name = Trained.BACKBONE + weight.name();
            float[] values =
                    weight.kind().trained()
                            ? parameters.get(state.weights(), name)
                            : statistics.get(state.statistics(), name);
            tensors.put(weight.name(), HostTensor.of(values, weight.shape()));
        }
        return StateDict.of(tensors);
    }

    /**
     * Writes the backbone in every format.
     *
     * @param steps it was trained for, the count of BatchNorm's batches
     * @return the files, relative to the run folder
     */
    static List<String> export(Path folder, Job job, StateDict weights, long steps) {
        Network backbone = Networks.backbone(job.getStudent().getNetwork());
        return Export.write(
                        folder.resolve("student"),
                        backbone,
                        weights.withCounters(backbone, steps),
                        job.getViews().getSize())
                .stream()
                .map(file -> folder.relativize(file).toString())
                .toList();
    }

    static String describe(Job job, Trained trained, long heads) {
        Network backbone = trained.backbone();
        String teachers =
                trained.selfTaught()
                        ? "its own average"
                        : String.join(
                                " + ",
                                job.getTeachersList().stream().map(t -> t.getSource()).toList());
        return String.format(
                Locale.ROOT,
                "%s -> %s (%d features), %.1f M parameters and %.1f M in heads",
                teachers,
                backbone.name(),
                backbone.outputs(),
                backbone.parameterCount() / 1e6,
                heads / 1e6);
    }
}
