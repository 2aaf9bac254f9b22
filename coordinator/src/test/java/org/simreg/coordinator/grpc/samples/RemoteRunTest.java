package org.simreg.coordinator.grpc.samples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.Head;
import org.simreg.proto.Job;
import org.simreg.proto.JobSettings;
import org.simreg.proto.Network;
import org.simreg.proto.StepDone;
import org.simreg.worker.data.storage.CoordinatorFiles;
import org.simreg.worker.data.storage.WorkerSettings;
import org.simreg.worker.engine.torchscript.StudentNetwork;
import org.simreg.worker.exchange.reduce.LocalReduce;
import org.simreg.worker.exchange.reduce.Reduce;
import org.simreg.worker.network.Heads;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.train.JobLoader;
import org.simreg.worker.train.LoadedJob;
import org.simreg.worker.train.TrainingLoop;
import org.simreg.worker.train.student.InitialWeights;
import org.simreg.worker.train.student.RunCheckpoint;
import org.simreg.worker.train.student.StudentBuilder;
import org.simreg.worker.weights.format.Safetensors;

/** A whole job whose worker reads data set and teacher over gRPC. */
@Timeout(300)
class RemoteRunTest {
    @TempDir
    Path folder;

    private String teacher() {
        Path file = folder.resolve("teacher.safetensors");
        var network = Networks.backbone(Network.MOBILENET_V2);
        var head = Heads.regression(Head.Form.LINEAR, 1, network.outputs(), 8);
        StudentNetwork trained = StudentNetwork.regression(network, List.of(head));
        Safetensors.write(file, StudentBuilder.backbone(trained, InitialWeights.of(trained, 1)));
        return file.toString();
    }

    private Job job(String path, String teacher) {
        Job.Builder job = Job.newBuilder().setName("small").setSeed(7);
        job.getDatasetBuilder().clearPath().addPath(path);
        job.addTeachersBuilder().setSource(teacher).setNetwork(Network.MOBILENET_V2);
        job.getStudentBuilder().setNetwork(Network.MOBILENET_V2);
        job.getHeadBuilder().setForm(Head.Form.LINEAR);
        job.getViewsBuilder().setSize(32);
        job.getOptimizationBuilder().setEpochs(2).setBatch(8).setMicroBatches(2);
        return JobSettings.complete(job.build());
    }

    /** The result of a job: digests of state and data, and the evaluations without their times. */
    private record Result(String sha256, String data, List<EvaluationDone> measured) {}

    private Result run(Job job, Optional<CoordinatorFiles> storage, String name) {
        List<EvaluationDone> measured = new ArrayList<>();
        WorkerSettings settings = new WorkerSettings("cpu", 1, 2, folder.resolve(name + "-index"), storage);
        try (LoadedJob run = JobLoader.open(job, settings, notice -> {})) {
            run.start();
            try (Reduce reduce = new LocalReduce(run.scope(), run.student()::newOut)) {
                Measured events = new Measured(measured);
                new TrainingLoop(run, reduce, TrainingLoop.Role.ALONE, () -> false, events).run();
            }
            return new Result(run.snapshot().sha256(), run.dataSha256(), measured);
        }
    }

    /** A listener that keeps the evaluations. */
    private record Measured(List<EvaluationDone> all) implements TrainingLoop.Events {
        @Override
        public void committed(StepDone done, String sha256) {}

        @Override
        public void measured(EvaluationDone done) {
            all.add(done.toBuilder().clearSeconds().clearCost().build());
        }

        @Override
        public void checkpoint(RunCheckpoint.Snapshot snapshot) {}

        @Override
        public void trained(RunCheckpoint.Snapshot end) {}
    }

    @Test
    void filesThatOnlyTheCoordinatorSeesTrainToTheSameBits() {
        Pictures pictures = new Pictures(folder.resolve("images"));
        pictures.add("train/ant", 9).add("train/bee", 10).add("val/ant", 4).add("val/bee", 5);
        pictures.write("train/ant/broken.jpg", new byte[500]);
        String teacher = teacher();
        Job near = job(pictures.root.toString(), teacher);
        Result local = run(near, Optional.empty(), "local");
        assertTrue(local.measured().size() >= 3, local.toString());
        try (FarStorage far = new FarStorage(folder, true)) {
            far.know(near);
            Job asked = job(FarStorage.FAR + "/images", FarStorage.FAR + "/teacher.safetensors");
            assertEquals(local, run(asked, Optional.of(far.worker()), "remote"));

            long before = far.bytes.get();
            assertEquals(local, run(near, Optional.of(far.worker()), "seen"));
            assertEquals(before, far.bytes.get(), "a worker that sees the same files reads them");
        }
    }

    @Test
    void anotherDataSetUnderTheSamePathIsNotUsed() {
        new Pictures(folder.resolve("images")).add("ant", 9).add("bee", 10);
        String teacher = teacher();
        Job real = job(folder.resolve("images").toString(), teacher);
        Result local = run(real, Optional.empty(), "local");
        Path mount = folder.resolve("mount");
        Job asked = job(mount.toString(), teacher);
        try (FarStorage far = new FarStorage(folder, false)) {
            far.know(real);
            far.rename(mount.toString(), folder.resolve("images").toString());
            new Pictures(mount).write("notes.txt", new byte[3]);
            assertEquals(local, run(asked, Optional.of(far.worker()), "nothing mounted"));
            new Pictures(mount).add("ant", 9).add("cat", 10);
            assertEquals(local, run(asked, Optional.of(far.worker()), "another one"));
        }
    }
}
