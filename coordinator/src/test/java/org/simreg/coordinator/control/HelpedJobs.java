package org.simreg.coordinator.control;

import java.util.List;
import org.simreg.coordinator.job.schedule.Demand;
import org.simreg.proto.Job;
import org.simreg.proto.JobStatus;
import org.simreg.proto.WorkerStatus;

/** Jobs whose teachers take longer than their student, in a world of fakes, and what is seen of them. */
abstract class HelpedJobs {
    static final long SOON = 30_000;

    World world = new World(1);

    /** Its teacher takes longer than its student: two helpers pay. */
    FakeWorker worker(String name) {
        FakeWorker worker = world.worker(name);
        worker.stepMs = 400;
        worker.teacherMs = 700;
        return worker;
    }

    static Job.Builder job(int microBatches) {
        Job.Builder job = World.job("helped");
        job.getOptimizationBuilder().setMicroBatches(microBatches).setEpochs(20);
        job.getCheckpointsBuilder().setEverySteps(20);
        return job;
    }

    List<String> helpers(String job) {
        return world.coordinator().get(job).getHelpersList().stream()
                .map(JobStatus.Helper::getWorker)
                .toList();
    }

    WorkerStatus.State state(String worker) {
        return world.coordinator().workers().getWorkersList().stream()
                .filter(one -> one.getWorker().equals(worker))
                .map(WorkerStatus::getState)
                .findFirst()
                .orElse(WorkerStatus.State.UNRECOGNIZED);
    }

    long generation(String job) {
        return world.coordinator().get(job).getGeneration();
    }

    Demand demand(String job) {
        return world.coordinator().demands().stream()
                .filter(one -> one.job().equals(job))
                .findFirst()
                .orElseThrow();
    }
}
