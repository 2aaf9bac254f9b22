package org.simreg.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.proto.Head;
import org.simreg.proto.Job;
import org.simreg.proto.JobFinished;
import org.simreg.proto.Network;
import org.simreg.proto.Precision;
import org.simreg.proto.Progress;
import org.simreg.proto.StepDone;
import org.simreg.proto.SubmitRequest;
import org.simreg.worker.engine.torchscript.StudentNetwork;
import org.simreg.worker.network.Heads;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.train.student.InitialWeights;
import org.simreg.worker.train.student.StudentBuilder;
import org.simreg.worker.weights.format.Safetensors;

/**
 * A benchmark of a member alone and with a helper: real processes of one thread each, one micro-batch of 32 images at
 * 224 px, ResNet-18 from a teacher with random weights. Both runs must end with the same SHA-256.
 */
public final class HelpersBench {
    /** The first are slower, or not helped yet. */
    private static final int LEFT_OUT = 3;

    private HelpersBench() {}

    /**
     * @param arguments folder for logs, folder of pictures, the teacher's network, steps, helpers
     */
    public static void main(String[] arguments) {
        Path folder = Path.of(arguments[0]).toAbsolutePath();
        Network network = Network.valueOf(arguments[2].toUpperCase(Locale.ROOT));
        int steps = Integer.parseInt(arguments[3]);
        int helpers = Integer.parseInt(arguments[4]);
        Path teacher = teacher(network, folder.resolve("teacher.safetensors"));
        Result alone = run(folder.resolve("alone"), job(arguments[1], teacher, network, steps), 0);
        Result helped = run(folder.resolve("helped"), job(arguments[1], teacher, network, steps), helpers);
        print("member alone", alone);
        print("member and " + helpers + (helpers == 1 ? " helper" : " helpers"), helped);
        System.out.printf(
                Locale.ROOT,
                "{\"what\":\"helped to alone\",\"teacher\":\"%s\",\"ratio\":%.2f,\"same SHA-256\":%s}%n",
                arguments[2],
                helped.images / alone.images,
                helped.sha256.equals(alone.sha256));
    }

    /**
     * What a run came to.
     *
     * @param images a second, after the first steps
     * @param ahead part of the features that helpers gave, of the same steps
     */
    private record Result(double images, double ahead, String sha256) {}

    private static Path teacher(Network name, Path file) {
        var network = Networks.backbone(name);
        var head = Heads.regression(Head.Form.LINEAR, 1, network.outputs(), 8);
        StudentNetwork trained = StudentNetwork.regression(network, List.of(head));
        Safetensors.write(file, StudentBuilder.backbone(trained, InitialWeights.of(trained, 1)));
        return file;
    }

    private static Job.Builder job(String data, Path teacher, Network network, int steps) {
        Job.Builder job = Job.newBuilder().setName("helpers").setPrecision(Precision.BFLOAT16);
        job.getDatasetBuilder().addPath(Path.of(data).toAbsolutePath().toString());
        job.addTeachersBuilder().setSource(teacher.toString()).setNetwork(network);
        job.getStudentBuilder().setNetwork(Network.RESNET18);
        job.getOptimizationBuilder()
                .setEpochs(10_000)
                .setBatch(32)
                .setMicroBatches(1)
                .setMaxSteps(steps);
        job.getEvaluationBuilder().setEveryEpochs(0);
        job.getCheckpointsBuilder().setEverySteps(steps);
        return job;
    }

    private static Result run(Path folder, Job.Builder job, int helpers) {
        List<String> workers = new ArrayList<>();
        for (int i = 0; i <= helpers; i++) {
            workers.add("w" + i);
        }
        job.getCheckpointsBuilder().setOutput(folder.resolve("run").toString());
        try (Processes processes = new Processes(folder, workers, List.of())) {
            processes.coordinator();
            workers.forEach(processes::worker);
            try (ApiClient client = processes.client()) {
                SubmitRequest request = SubmitRequest.newBuilder().setJob(job).build();
                String id = client.ask(jobs -> jobs.submit(request)).getId();
                try (Follower events = new Follower(client, id)) {
                    return result(events, helpers > 0);
                }
            }
        }
    }

    /** Of the steps since a helper's features first came, or all; the first few left out. */
    private static Result result(Follower events, boolean helped) {
        List<StepDone> steps = new ArrayList<>();
        while (true) {
            Progress seen =
                    events.next(event -> event.hasStep() || event.hasFinished()).progress();
            if (seen.hasFinished()) {
                JobFinished end = seen.getFinished();
                List<StepDone> counted = steps.subList(Math.min(LEFT_OUT, steps.size()), steps.size());
                double seconds =
                        counted.stream().mapToDouble(StepDone::getSeconds).sum();
                long images = counted.stream().mapToLong(StepDone::getImages).sum();
                long features =
                        counted.stream().mapToLong(StepDone::getFeatures).sum();
                long ahead =
                        counted.stream().mapToLong(StepDone::getFeaturesAhead).sum();
                return new Result(images / seconds, (double) ahead / Math.max(1, features), end.getSha256());
            }
            StepDone step = seen.getStep();
            if (!helped || !steps.isEmpty() || step.getFeaturesAhead() > 0) {
                steps.add(step);
            }
        }
    }

    private static void print(String what, Result result) {
        System.out.printf(
                Locale.ROOT,
                "{\"what\":\"%s\",\"images/s\":%.2f,\"features ahead\":%.2f,\"sha256\":\"%s\"}%n",
                what,
                result.images,
                result.ahead,
                result.sha256);
    }
}
