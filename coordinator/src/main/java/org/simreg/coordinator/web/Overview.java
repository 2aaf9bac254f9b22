package org.simreg.coordinator.web;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Locale;
import org.simreg.coordinator.observe.Survey;
import org.simreg.proto.Job;
import org.simreg.proto.JobStatus;
import org.simreg.proto.Teacher;
import org.simreg.proto.WorkerStatus;

/** Jobs and workers as the page gets them. */
final class Overview {
    private Overview() {}

    /**
     * @param search whether there is a bank to be searched
     */
    static String json(Page.Setup setup, boolean search) {
        Survey survey = setup.survey().get();
        JsonObject counts = new JsonObject();
        survey.states().forEach((state, count) -> counts.put(lower(state), count));
        JsonArray jobs = new JsonArray();
        survey.jobs().forEach(job -> jobs.add(job(job)));
        JsonArray workers = new JsonArray();
        survey.workers().forEach(worker -> workers.add(worker(worker)));
        JsonObject all =
                new JsonObject()
                        .put("version", setup.version())
                        .put("port", setup.port())
                        .put("counts", counts)
                        .put("jobs", jobs)
                        .put("workers", workers)
                        .put("search", search);
        setup.wanted().get().ifPresent(count -> all.put("wanted", count));
        return all.encode();
    }

    private static String lower(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    private static JsonObject job(JobStatus status) {
        Job job = status.getJob();
        JsonArray teachers = new JsonArray();
        job.getTeachersList().stream().map(Teacher::getSource).forEach(teachers::add);
        return new JsonObject()
                .put("id", status.getId())
                .put("state", lower(status.getState()))
                .put("reason", status.getReason())
                .put("submitted", status.getSubmittedMs())
                .put("ended", status.getEndedMs())
                .put("generation", status.getGeneration())
                .put("step", status.getStep())
                .put("totalSteps", status.getTotalSteps())
                .put("epoch", status.getEpoch())
                .put("epochs", job.getOptimization().getEpochs())
                .put("loss", Float.isFinite((float) status.getLoss()) ? status.getLoss() : null)
                .put("checkpoint", status.hasCheckpoint() ? status.getCheckpoint() : null)
                .put("sha256", status.getSha256())
                .put("folder", status.getFolder())
                .put("data", job.getDataset().getPath())
                .put("student", lower(job.getStudent().getNetwork()).replace('_', '-'))
                .put("teachers", teachers)
                .put("batch", job.getOptimization().getBatch())
                .put("microBatches", job.getOptimization().getMicroBatches())
                .put("precision", lower(job.getPrecision()));
    }

    private static JsonObject worker(WorkerStatus worker) {
        return new JsonObject()
                .put("name", worker.getWorker())
                .put("device", worker.getDevice())
                .put("profile", worker.getProfile())
                .put("state", lower(worker.getState()))
                .put("job", worker.getJob())
                .put("since", worker.getSinceMs())
                .put("first", worker.getFirst())
                .put("count", worker.getCount())
                .put("reason", worker.getReason());
    }
}
