package org.simreg.worker.train.student;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import org.simreg.proto.Job;
import org.simreg.proto.Optimization;
import org.simreg.proto.Precision;
import org.simreg.proto.Student;
import org.simreg.proto.UserError;
import org.simreg.worker.engine.optimizer.OptimizerSettings;
import org.simreg.worker.engine.torch.FlatLayout;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.engine.torchscript.ScriptStudent;
import org.simreg.worker.engine.torchscript.StepSettings;
import org.simreg.worker.engine.torchscript.StudentNetwork;
import org.simreg.worker.engine.torchscript.StudentState;
import org.simreg.worker.network.Heads;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Weight;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.train.teacher.FrozenTeacher;
import org.simreg.worker.weights.checkpoint.NetworkFit;
import org.simreg.worker.weights.checkpoint.WeightsFile;
import org.simreg.worker.weights.format.script.ScriptArchive;
import org.simreg.worker.weights.part.PartRequest;
import org.simreg.worker.weights.tensor.HostTensor;
import org.simreg.worker.weights.tensor.StateDict;

/** The student of a job: its networks, its first state, and its trained backbone. */
public final class StudentBuilder {
    private StudentBuilder() {}

    /**
     * The student of a job: on the backbone a head for each teacher, or projector and predictor of
     * a momentum teacher.
     *
     * @param teachers loaded; none for a momentum teacher
     */
    public static StudentNetwork of(Job job, List<FrozenTeacher> teachers, NetworkGraph backbone) {
        if (teachers.isEmpty()) {
            int hidden = job.getMomentumTeacher().getHidden();
            int out = job.getMomentumTeacher().getOutput();
            return StudentNetwork.selfTaught(
                    backbone, Heads.projection(backbone.outputs(), hidden, out), Heads.projection(out, hidden, out));
        }
        List<NetworkGraph> heads = teachers.stream()
                .map(teacher -> Heads.regression(
                        job.getHead().getForm(), job.getHead().getLayers(), backbone.outputs(), teacher.width()))
                .toList();
        return StudentNetwork.regression(backbone, heads);
    }

    /**
     * The network, or the module once it has shown that it can be trained.
     *
     * @param job with a module's path that can be read here
     * @throws UserError if the module can't be trained, drop path is asked of a network without it, or views are too small
     */
    public static NetworkGraph backbone(Torch torch, Job job) {
        Student student = job.getStudent();
        NetworkGraph network = student.hasModule()
                ? ScriptStudent.network(
                        torch, Path.of(student.getModule()), job.getViews().getSize())
                : Networks.backbone(student.getNetwork());
        network.misfit(job.getViews().getSize()).ifPresent(why -> {
            throw new UserError("--size: " + why);
        });
        if (student.getDropPath() > 0 && !network.hasDropPath()) {
            throw new UserError("--drop-path: " + network.name() + " has no branches that are dropped; leave it out");
        }
        return network.forSize(job.getViews().getSize()).withDropPath(student.getDropPath());
    }

    /** Says before the work what won't be there after it. */
    public static void notice(StudentNetwork trained, Consumer<String> notices) {
        if (trained.backbone().script().isPresent()) {
            notices.accept(
                    "The student "
                            + trained.backbone().name()
                            + " is a TorchScript module: it will be exported as TorchScript, safetensors and .pth, but not as ONNX");
        }
    }

    /** The layout of the student's state in the job's training. */
    public static StudentState.Layout layout(Job job, StudentNetwork trained) {
        Optimization optimization = job.getOptimization();
        return new StudentState.Layout(
                trained, OptimizerSettings.moments(optimization.getOptimizer()), optimization.getEmaDecay() > 0);
    }

    /** The constants of the job's steps. */
    public static StepSettings settings(Job job) {
        return new StepSettings(
                job.getPrecision() == Precision.BFLOAT16,
                OptimizerSettings.of(job.getOptimization()),
                new StepSettings.Objective(job.getLoss(), weights(job)));
    }

    /** Weights of the teachers' losses; none for the momentum teacher. */
    private static List<Double> weights(Job job) {
        return job.getTeachersList().stream()
                .filter(teacher -> teacher.hasWeight())
                .map(teacher -> teacher.getWeight())
                .toList();
    }

    /**
     * The state before the first step: random weights by the seed or a module's own, the backbone
     * of {@code student.init}, or all of {@code student.restart} but its optimizer's state.
     *
     * @param job with paths that can be read here
     * @throws UserError if a file holds another student
     */
    public static StudentState start(Job job, StudentNetwork trained) {
        if (job.getStudent().hasRestart()) {
            return layout(job, trained)
                    .begin(RestartState.state(Path.of(job.getStudent().getRestart()), trained));
        }
        StudentState state = InitialWeights.of(trained, job.getSeed());
        trained.backbone().script().ifPresent(script -> {
            StateDict own = ScriptArchive.read(script.file()).start();
            put(trained.parameters(), state.weights(), own);
            put(trained.statistics(), state.statistics(), own);
        });
        if (job.getStudent().hasInit()) {
            StateDict found = init(job.getStudent(), trained, notice -> {});
            put(trained.parameters(), state.weights(), found);
            put(trained.statistics(), state.statistics(), found);
        }
        System.arraycopy(state.weights(), 0, state.average(), 0, state.average().length);
        return layout(job, trained).begin(state);
    }

    /**
     * Says before the work that {@link #start} can't be: reads names and shapes only.
     *
     * @param job with paths that can be read here
     * @param notices takes a sentence where the file holds several networks
     * @throws UserError if a file holds another student
     */
    public static void refuseOtherStart(Job job, StudentNetwork trained, Consumer<String> notices) {
        Student student = job.getStudent();
        if (student.hasRestart()) {
            RestartState.refuseOthers(Path.of(student.getRestart()), trained);
        } else if (student.hasInit()) {
            init(student, trained, notices);
        }
    }

    private static StateDict init(Student student, StudentNetwork trained, Consumer<String> notices) {
        Path file = Path.of(student.getInit());
        PartRequest part = new PartRequest(student.getInitPart(), "--init-part");
        NetworkFit.Found found =
                NetworkFit.find(WeightsFile.read(file), trained.backbone(), part, file.toString(), notices);
        if (!found.network().equals(trained.backbone())) {
            throw new UserError("--init: the positions of " + file + " are for other images than --size has; choose the"
                    + " size that its network was trained at");
        }
        return found.weights().finite(file.toString());
    }

    private static void put(FlatLayout layout, float[] flat, StateDict found) {
        for (Weight weight : layout.weights()) {
            String name = weight.name().replaceFirst("^" + StudentNetwork.BACKBONE, "");
            if (weight.name().startsWith(StudentNetwork.BACKBONE) && found.contains(name)) {
                layout.put(flat, weight.name(), found.get(name).floats());
            }
        }
    }

    /** The backbone's weights and statistics by torchvision's names. */
    public static StateDict backbone(StudentNetwork trained, StudentState state) {
        FlatLayout parameters = trained.parameters();
        FlatLayout statistics = trained.statistics();
        return backbone(
                trained,
                (weight, name) -> weight.kind().trained()
                        ? parameters.get(state.weights(), name)
                        : statistics.get(state.statistics(), name));
    }

    /** The average of the backbone, as {@link #backbone}; of a state that has one. */
    public static StateDict averagedBackbone(StudentNetwork trained, StudentState state) {
        FlatLayout layout = trained.backboneLayout();
        return backbone(trained, (weight, name) -> layout.get(state.ema(), name));
    }

    private static StateDict backbone(StudentNetwork trained, BiFunction<Weight, String, float[]> values) {
        Map<String, HostTensor> tensors = new LinkedHashMap<>();
        for (Weight weight : trained.backbone().weights()) {
            float[] own = values.apply(weight, StudentNetwork.BACKBONE + weight.name());
            tensors.put(weight.name(), HostTensor.of(own, weight.shape()));
        }
        return StateDict.of(tensors);
    }

    /**
     * A job's teachers and student in a sentence for people.
     *
     * @param heads parameters of all heads
     */
    public static String describe(Job job, StudentNetwork trained, long heads) {
        NetworkGraph backbone = trained.backbone();
        String teachers = trained.selfTaught()
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
