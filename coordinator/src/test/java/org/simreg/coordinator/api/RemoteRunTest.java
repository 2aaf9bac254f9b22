package org.simreg.coordinator.api;

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
import org.simreg.proto.Progress;
import org.simreg.worker.checkpoint.Safetensors;
import org.simreg.worker.data.RemoteStorage;
import org.simreg.worker.distill.InitialWeights;
import org.simreg.worker.distill.JobRun;
import org.simreg.worker.distill.Students;
import org.simreg.worker.distill.WorkerSettings;
import org.simreg.worker.network.Heads;
import org.simreg.worker.network.Networks;
import org.simreg.worker.torchscript.Trained;

/** A whole job on a data set that its worker doesn't see. */
@Timeout(300)
class RemoteRunTest {
    @TempDir Path folder;

    private String teacher() {
        Path file = folder.resolve("teacher.safetensors");
        var network = Networks.backbone(Network.MOBILENET_V2);
        var head = Heads.regression(Head.Form.LINEAR, 1, network.outputs(), 8);
        Trained trained = Trained.regression(network, List.of(head));
        Safetensors.write(file, Students.backbone(trained, InitialWeights.of(trained, 1)));
        return file.toString();
    }

    private Job job(String path, String teacher) {
        Job.Builder job = Job.newBuilder().setName("small").setSeed(7);
        job.getDatasetBuilder().setPath(path);
        job.addTeachersBuilder().setSource(teacher).setNetwork(Network.MOBILENET_V2);
        job.getStudentBuilder().setNetwork(Network.MOBILENET_V2);
        job.getHeadBuilder().setForm(Head.Form.LINEAR);
        job.getViewsBuilder().setSize(32);
        job.getOptimizationBuilder().setEpochs(2).setBatch(8).setMicroBatches(2);
        return JobSettings.complete(job.build());
    }

    private List<Progress> run(Job job, Optional<RemoteStorage> storage, String name) {
        List<Progress> events = new ArrayList<>();
        Path out = folder.resolve(name);
        WorkerSettings settings =
                new WorkerSettings("cpu", 1, 2, folder.resolve(name + "-index"), storage);
        try (JobRun run = new JobRun(job, settings, out, events::add)) {
            assertTrue(run.run(false));
        }
        return events;
    }

    private static String sha256(List<Progress> events) {
        return events.stream()
                .filter(Progress::hasFinished)
                .map(event -> event.getFinished().getSha256())
                .findFirst()
                .orElseThrow();
    }

    /** Without the time they took. */
    private static List<EvaluationDone> measured(List<Progress> events) {
        return events.stream()
                .filter(Progress::hasEvaluation)
                .map(event -> event.getEvaluation().toBuilder().clearSeconds().build())
                .toList();
    }

    @Test
    void aDataSetThatOnlyTheCoordinatorSeesTrainsToTheSameBits() {
        Pictures pictures = new Pictures(folder.resolve("images"));
        pictures.add("train/ant", 9).add("train/bee", 10).add("val/ant", 4).add("val/bee", 5);
        pictures.write("train/ant/broken.jpg", new byte[500]);
        String teacher = teacher();
        Job near = job(pictures.root.toString(), teacher);
        List<Progress> local = run(near, Optional.empty(), "local");
        try (FarStorage far = new FarStorage(folder, true)) {
            far.know(near);
            Job asked = job(FarStorage.FAR + "/images", teacher);
            List<Progress> remote = run(asked, Optional.of(far.worker()), "remote");
            assertEquals(sha256(local), sha256(remote));
            assertEquals(measured(local), measured(remote));
            assertTrue(measured(local).size() >= 3, measured(local).toString());

            long before = far.bytes.get();
            List<Progress> seen = run(near, Optional.of(far.worker()), "seen");
            assertEquals(sha256(local), sha256(seen));
            assertEquals(before, far.bytes.get(), "a worker that sees the same files reads them");
        }
    }
}
