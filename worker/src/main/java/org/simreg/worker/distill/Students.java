package org.simreg.worker.distill;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.simreg.proto.Job;
import org.simreg.proto.Precision;
import org.simreg.proto.Student;
import org.simreg.proto.UserError;
import org.simreg.worker.checkpoint.Checkpoints;
import org.simreg.worker.checkpoint.Fit;
import org.simreg.worker.checkpoint.HostTensor;
import org.simreg.worker.checkpoint.ScriptArchive;
import org.simreg.worker.checkpoint.StateDict;
import org.simreg.worker.network.Heads;
import org.simreg.worker.network.Network;
import org.simreg.worker.network.Networks;
import org.simreg.worker.network.Weight;
import org.simreg.worker.torchscript.FlatLayout;
import org.simreg.worker.torchscript.Objective;
import org.simreg.worker.torchscript.ScriptStudent;
import org.simreg.worker.torchscript.StepSettings;
import org.simreg.worker.torchscript.StudentState;
import org.simreg.worker.torchscript.Torch;
import org.simreg.worker.torchscript.Trained;

/** What a job trains, what it starts from, and what it leaves behind. */
public final class Students {
    private Students() {}

    /**
     * The student of a job without a module.
     *
     * @param teachers loaded; none for a momentum teacher
     */
    static Trained of(Job job, List<Teacher> teachers) {
        return of(job, teachers, Networks.backbone(job.getStudent().getNetwork()));
    }

    /**
     * @param teachers loaded; none for a momentum teacher
     */
    static Trained of(Job job, List<Teacher> teachers, Network backbone) {
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

    /**
     * The network, or the module once it has shown that it can be trained.
     *
     * @param job with a module's path that can be read here
     * @throws UserError if the module can't be trained
     */
    static Network backbone(Torch torch, Job job) {
        Student student = job.getStudent();
        return student.hasModule()
                ? ScriptStudent.network(
                        torch, Path.of(student.getModule()), job.getViews().getSize())
                : Networks.backbone(student.getNetwork());
    }

    /** Says before the work what won't be there after it. */
    static void notice(Trained trained, Consumer<String> notices) {
        if (trained.backbone().script().isPresent()) {
            notices.accept(
                    "The student "
                            + trained.backbone().name()
                            + " is a TorchScript module: it will be exported as TorchScript, safetensors and .pth, but not as ONNX");
        }
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

    /**
     * The state before the first step: random weights by the seed or a module's own, the backbone
     * of {@code student.init}, or all of {@code student.restart} but its momentum.
     *
     * @param job with paths that can be read here
     * @throws UserError if a file holds another student
     */
    static StudentState start(Job job, Trained trained) {
        if (job.getStudent().hasRestart()) {
            return Restart.state(Path.of(job.getStudent().getRestart()), trained);
        }
        StudentState state = InitialWeights.of(trained, job.getSeed());
        trained.backbone()
                .script()
                .ifPresent(
                        script -> {
                            StateDict own = ScriptArchive.read(script.file()).start();
                            put(trained.parameters(), state.weights(), own);
                            put(trained.statistics(), state.statistics(), own);
                        });
        if (job.getStudent().hasInit()) {
            Path file = Path.of(job.getStudent().getInit());
            StateDict found = Fit.fit(Checkpoints.read(file), trained.backbone(), file.toString());
            put(trained.parameters(), state.weights(), found);
            put(trained.statistics(), state.statistics(), found);
        }
        System.arraycopy(state.weights(), 0, state.average(), 0, state.average().length);
        return state;
    }

    /**
     * Says before the work that {@link #start} can't be: reads names and shapes only.
     *
     * @param job with paths that can be read here
     * @throws UserError if a file holds another student
     */
    static void refuseOtherStart(Job job, Trained trained) {
        Student student = job.getStudent();
        if (student.hasRestart()) {
            Restart.refuseOthers(Path.of(student.getRestart()), trained);
        } else if (student.hasInit()) {
            Path file = Path.of(student.getInit());
            Fit.fit(Checkpoints.read(file), trained.backbone(), file.toString());
        }
    }

    private static void put(FlatLayout layout, float[] flat, StateDict found) {
        for (Weight weight : layout.weights()) {
            String name = weight.name().replaceFirst("^" + Trained.BACKBONE, "");
            if (weight.name().startsWith(Trained.BACKBONE) && found.contains(name)) {
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
