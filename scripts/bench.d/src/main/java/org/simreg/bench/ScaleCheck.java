package org.simreg.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import org.simreg.bench.scale.CostModel;
import org.simreg.bench.scale.StepTime;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.proto.Head;
import org.simreg.proto.Job;
import org.simreg.proto.Network;
import org.simreg.proto.Progress;
import org.simreg.proto.StepDone;
import org.simreg.proto.SubmitRequest;
import org.simreg.worker.engine.torchscript.StudentNetwork;
import org.simreg.worker.engine.torchscript.StudentState;
import org.simreg.worker.network.Heads;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.train.student.InitialWeights;
import org.simreg.worker.train.student.StudentBuilder;
import org.simreg.worker.weights.format.Safetensors;

/**
 * The simulation's step times beside real ones: a job of four micro-batches on one to four worker processes, each in a
 * network namespace of its own behind a limited link. The run with one process gives the costs of a step's parts.
 */
public final class ScaleCheck {
    private static final int MICRO_BATCHES = 4;
    private static final int ROWS = 16;
    private static final int SIZE = 96;

    /** The first are slower. */
    private static final int LEFT_OUT = 3;

    private ScaleCheck() {}

    /**
     * @param arguments folder for logs, folder of pictures, file of the cost model, megabits a second, steps, processes at most (1 to 4)
     */
    public static void main(String[] arguments) {
        Path folder = Path.of(arguments[0]).toAbsolutePath();
        Path teacher = folder.resolve("teacher.safetensors");
        StudentNetwork large = trained(Network.RESNET50, 8);
        Safetensors.write(teacher, StudentBuilder.backbone(large, InitialWeights.of(large, 1)));
        int megabits = Integer.parseInt(arguments[3]);
        int steps = Integer.parseInt(arguments[4]);
        CostModel model = CostModel.read(Path.of(arguments[2]));
        int most = Math.min(MICRO_BATCHES, Integer.parseInt(arguments[5]));
        for (int workers = 1; workers <= most; workers++) {
            List<StepDone> done =
                    run(folder.resolve("run-" + workers), job(arguments[1], teacher, steps), workers, megabits);
            double measured = median(done, StepDone::getSeconds);
            model = workers == 1 ? calibrated(model, done) : model;
            StepTime time = StepTime.of(model, MICRO_BATCHES, workers, 0, megabits / 1e3, StepTime.Exchange.ALL_TO_ALL);
            System.out.printf(
                    Locale.ROOT,
                    "{\"bench\":\"scale-check\",\"workers\":%d,\"mbit\":%d,\"measured_s\":%.3f,\"simulated_s\":%.3f,"
                            + "\"off\":%.3f,\"measured waiting for others_s\":%.3f,\"simulated reduce_s\":%.3f}%n",
                    workers,
                    megabits,
                    measured,
                    time.seconds(),
                    time.seconds() / measured - 1,
                    median(done, StepDone::getReduceSeconds),
                    time.reduce());
        }
        System.exit(0); // libtorch's and gRPC's threads are not all daemons
    }

    private static StudentNetwork trained(Network name, int width) {
        var network = Networks.backbone(name);
        var head = Heads.regression(Head.Form.LINEAR, 1, network.outputs(), width);
        return StudentNetwork.regression(network, List.of(head));
    }

    private static CostModel calibrated(CostModel model, List<StepDone> alone) {
        StudentState state = InitialWeights.of(trained(Network.RESNET18, 2048), 2);
        double student = median(alone, StepDone::getStudentSeconds);
        double teacher = median(alone, step -> step.getTeacherSeconds() + step.getDataSeconds());
        double update = median(alone, StepDone::getUpdateSeconds);
        double all = median(alone, StepDone::getSeconds);
        return model.with("student_seconds", student / MICRO_BATCHES)
                .with("teacher_seconds", teacher / MICRO_BATCHES)
                .with("update_seconds", update)
                .with("step_overhead_seconds", Math.max(0, all - student - teacher - update))
                .with("decode_images_per_second", 1e9) // is in the teacher's time
                .with("rows", ROWS)
                .with("vector_floats", state.weights().length + state.statistics().length + 1)
                .with("cores", Runtime.getRuntime().availableProcessors())
                .with("cores_per_worker", 1);
    }

    private static Job.Builder job(String data, Path teacher, int steps) {
        Job.Builder job = Job.newBuilder().setName("check");
        job.getDatasetBuilder().addPath(Path.of(data).toAbsolutePath().toString());
        job.addTeachersBuilder().setSource(teacher.toString()).setNetwork(Network.RESNET50);
        job.getStudentBuilder().setNetwork(Network.RESNET18);
        job.getHeadBuilder().setForm(Head.Form.LINEAR);
        job.getViewsBuilder().setSize(SIZE);
        job.getOptimizationBuilder()
                .setEpochs(10_000)
                .setBatch(MICRO_BATCHES * ROWS)
                .setMicroBatches(MICRO_BATCHES)
                .setMaxSteps(steps + LEFT_OUT);
        job.getEvaluationBuilder().setEveryEpochs(0);
        job.getCheckpointsBuilder().setEverySteps(steps + LEFT_OUT);
        return job;
    }

    private static List<StepDone> run(Path folder, Job.Builder job, int workers, int megabits) {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < workers; i++) {
            names.add("w" + i);
        }
        job.getPlacementBuilder().setMinWorkers(workers);
        job.getCheckpointsBuilder().setOutput(folder.resolve("run").toString());
        try (Namespaces spaces = new Namespaces(megabits);
                Processes processes = new Processes(folder, names, List.of())) {
            processes.place(Processes.COORDINATOR, new Processes.Place(spaces.gateway(), List.of()));
            names.forEach(name -> processes.place(name, spaces.add()));
            processes.coordinator();
            names.forEach(processes::worker);
            try (ApiClient client = processes.client()) {
                SubmitRequest request = SubmitRequest.newBuilder().setJob(job).build();
                String id = client.ask(jobs -> jobs.submit(request)).getId();
                try (Follower events = new Follower(client, id)) {
                    return steps(events);
                }
            }
        }
    }

    /** All but the first. */
    private static List<StepDone> steps(Follower events) {
        List<StepDone> steps = new ArrayList<>();
        while (true) {
            Progress seen =
                    events.next(event -> event.hasStep() || event.hasFinished()).progress();
            if (seen.hasFinished()) {
                return steps.subList(LEFT_OUT, steps.size());
            }
            steps.add(seen.getStep());
        }
    }

    private static double median(List<StepDone> steps, ToDoubleFunction<StepDone> of) {
        double[] sorted = steps.stream().mapToDouble(of).sorted().toArray();
        return sorted[sorted.length / 2];
    }
}
