package org.simreg.worker.train.teacher;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.simreg.proto.Job;
import org.simreg.proto.NetworkCost;
import org.simreg.proto.Problems;
import org.simreg.proto.Teacher;
import org.simreg.proto.TeacherSource;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.network.ComputeCost;
import org.simreg.worker.network.NetworkGraph;

/** A frozen network whose features the student regresses. */
public interface FrozenTeacher extends AutoCloseable {
    /** Loads all frozen teachers of a job. */
    static List<FrozenTeacher> load(Torch torch, Job job, Problems problems, Consumer<String> notices) {
        return load(torch, job, HeldTeachers.ALL, problems, notices);
    }

    /**
     * Loads frozen teachers of a job in its order; none for a momentum teacher.
     *
     * @param job with its networks named, see {@link TeacherNetworks}; where one is not, a problem says so already
     * @param problems takes the teachers that can't be used, which are then missing in the list
     * @param notices takes a sentence where a file holds several networks
     */
    static List<FrozenTeacher> load(
            Torch torch, Job job, HeldTeachers held, Problems problems, Consumer<String> notices) {
        List<FrozenTeacher> loaded = new ArrayList<>();
        try {
            for (int i = 0; i < job.getTeachersCount(); i++) {
                Teacher asked = job.getTeachers(i);
                boolean self = TeacherSource.of(asked.getSource()) instanceof TeacherSource.Self;
                if (!self && held.has(i) && !TeacherNetworks.isOpen(asked)) {
                    String place = "teachers[" + i + "].source";
                    problems.attempt(place, () -> load(torch, job, asked, notices))
                            .ifPresent(loaded::add);
                }
            }
            return loaded;
        } catch (RuntimeException e) {
            loaded.forEach(FrozenTeacher::close);
            throw e;
        }
    }

    private static FrozenTeacher load(Torch torch, Job job, Teacher asked, Consumer<String> notices) {
        return TeacherSource.of(asked.getSource()) instanceof TeacherSource.TorchScript script
                ? new ScriptTeacher(torch, Path.of(script.file()), asked, job.getPrecision())
                : NetworkTeacher.load(torch, asked, job.getPrecision(), notices);
    }

    /**
     * The features of images.
     *
     * @param images (N, H, W, 3) uint8
     * @return (N, D) float32, any length
     */
    NDArray features(NDManager scope, NDArray images);

    /** Width D of its feature. */
    int width();

    /** Height and width of what it is shown, in pixels. */
    int size();

    /** Whether it computes in bfloat16; otherwise in float32, or a file from outside in its own type. */
    boolean bfloat16();

    /** Its parameters and operations, as far as they are known. */
    NetworkCost cost();

    /**
     * Parameters and operations of a network.
     *
     * @param size height and width of what it is shown, in pixels
     */
    static NetworkCost cost(NetworkGraph network, int size) {
        NetworkCost.Builder cost = NetworkCost.newBuilder();
        if (network.script().isEmpty()) {
            cost.setParameters(network.parameterCount()).setFlop(2 * ComputeCost.multiplications(network, size));
        }
        return cost.build();
    }

    @Override
    void close();
}
