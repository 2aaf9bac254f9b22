package org.simreg.coordinator.node;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.simreg.coordinator.job.file.JobFile;
import org.simreg.proto.Head;
import org.simreg.proto.Job;
import org.simreg.proto.Network;
import org.simreg.proto.Optimization.Optimizer;
import org.simreg.proto.Optimization.Schedule;
import org.simreg.worker.engine.torchscript.StudentNetwork;
import org.simreg.worker.network.Heads;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.train.student.InitialWeights;
import org.simreg.worker.train.student.StudentBuilder;
import org.simreg.worker.weights.format.Safetensors;

/**
 * A job on real pictures, three steps an epoch, of which one worker does some thirty a second: by AdamW with clipped
 * gradients and an average of the student, so that a state has all its vectors; with evaluations, digests and
 * checkpoints on the way.
 */
public final class SmallJob {
    private static final Path ROOT = root();
    private static final Path PICTURES = ROOT.resolve(Path.of("scripts", "sample"));
    private static final Path STUDENT =
            ROOT.resolve(Path.of("worker", "src", "test", "resources", "modules", "cnn.pt"));
    private static final List<String> CLASSES = List.of("smileys-emotion--heart", "symbols--arrow");
    private static final Network NETWORK = Network.MOBILENET_V2;

    private SmallJob() {}

    /** The root of the source tree: tests of two modules use this job. */
    private static Path root() {
        Path folder = Path.of("").toAbsolutePath();
        while (!Files.isDirectory(folder.resolve(Path.of("scripts", "sample")))) {
            folder = folder.getParent();
        }
        return folder;
    }

    /** Makes a folder of pictures. */
    public static Path pictures(Path folder) throws IOException {
        for (String split : List.of("train", "val")) {
            for (String name : CLASSES) {
                copy(
                        PICTURES.resolve(split).resolve(name),
                        folder.resolve(split).resolve(name));
            }
        }
        return folder;
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
    }

    /** Writes random weights. */
    public static Path teacher(Path file) {
        return teacher(file, 1);
    }

    /** The same, drawn from another seed. */
    public static Path teacher(Path file, long seed) {
        var network = Networks.backbone(NETWORK);
        var head = Heads.regression(Head.Form.LINEAR, 1, network.outputs(), 8);
        StudentNetwork trained = StudentNetwork.regression(network, List.of(head));
        Safetensors.write(file, StudentBuilder.backbone(trained, InitialWeights.of(trained, seed)));
        return file;
    }

    /** Copies a student of a few layers. */
    public static Path student(Path file) throws IOException {
        return Files.copy(STUDENT, file);
    }

    /**
     * @param data as the job names it
     * @param teacher as the job names it
     * @param student a TorchScript module, as the job names it
     * @param steps after which it ends; a shorter run has the same first steps
     */
    public static Job of(String name, String data, String teacher, String student, int steps) {
        Job.Builder job = Job.newBuilder().setName(name).setSeed(7);
        job.getDatasetBuilder().clearPath().addPath(data);
        job.addTeachersBuilder().setSource(teacher).setNetwork(NETWORK);
        job.getStudentBuilder().setModule(student);
        job.getHeadBuilder().setForm(Head.Form.LINEAR);
        job.getViewsBuilder().setSize(32);
        job.getOptimizationBuilder().setEpochs(1000).setBatch(12).setMicroBatches(4);
        job.getOptimizationBuilder().setSchedule(Schedule.CONSTANT).setMaxSteps(steps);
        job.getOptimizationBuilder()
                .setOptimizer(Optimizer.ADAMW)
                .setLr(0.001)
                .setClipNorm(1)
                .setEmaDecay(0.99);
        job.getCheckpointsBuilder().setEverySteps(20).setDigestSteps(5);
        return job.build();
    }

    /** Writes the job as a file. */
    public static Path file(Job job, Path file) throws IOException {
        return Files.writeString(file, JobFile.yaml(job));
    }
}
