package org.simreg.coordinator.view.web;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.Locale;
import org.simreg.coordinator.view.observe.ClusterSurvey;
import org.simreg.proto.DataSource;
import org.simreg.proto.Job;
import org.simreg.proto.JobStatus;
import org.simreg.proto.ListResponse;
import org.simreg.proto.Teacher;
import org.simreg.proto.WorkerStatus;

/** The overview of jobs and workers as JSON for the live page. */
final class OverviewJson {
    private OverviewJson() {}

    /**
     * One line of JSON.
     *
     * @param search whether there is a bank to be searched
     */
    static String json(PageRoutes.Setup setup, boolean search) {
        ClusterSurvey survey = setup.survey().get();
        JsonObject counts = new JsonObject();
        survey.states().forEach((state, count) -> counts.addProperty(lower(state), count));
        JsonArray jobs = new JsonArray();
        survey.jobs().forEach(job -> jobs.add(job(job)));
        JsonArray workers = new JsonArray();
        survey.workers().forEach(worker -> workers.add(worker(worker)));
        JsonObject all = new JsonObject();
        all.addProperty("version", setup.version());
        all.addProperty("port", setup.port());
        all.add("counts", counts);
        all.add("jobs", jobs);
        all.add("workers", workers);
        all.addProperty("search", search);
        setup.wanted().get().ifPresent(count -> all.addProperty("wanted", count));
        return all.toString();
    }

    /** A page of the list of jobs, as a line of JSON. */
    static String page(ListResponse page) {
        JsonArray jobs = new JsonArray();
        page.getJobsList().forEach(job -> jobs.add(job(job)));
        JsonObject json = new JsonObject();
        json.add("jobs", jobs);
        return json.toString();
    }

    private static String lower(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    /** A job's status. */
    static JsonObject job(JobStatus status) {
        Job job = status.getJob();
        JsonArray teachers = new JsonArray();
        job.getTeachersList().stream().map(Teacher::getSource).forEach(teachers::add);
        JsonObject json = new JsonObject();
        json.addProperty("id", status.getId());
        json.addProperty("state", lower(status.getState()));
        json.addProperty("reason", status.getReason());
        json.addProperty("submitted", status.getSubmittedMs());
        json.addProperty("ended", status.getEndedMs());
        json.addProperty("priority", status.getPriority());
        json.addProperty("generation", status.getGeneration());
        json.addProperty("step", status.getStep());
        json.addProperty("totalSteps", status.getTotalSteps());
        json.addProperty("epoch", status.getEpoch());
        json.addProperty("epochs", job.getOptimization().getEpochs());
        boolean finite = Float.isFinite((float) status.getLoss());
        json.addProperty("loss", finite ? status.getLoss() : null);
        json.addProperty("checkpoint", status.hasCheckpoint() ? status.getCheckpoint() : null);
        if (status.hasBest()) {
            JsonObject best = new JsonObject();
            best.addProperty("subject", status.getBest().getSubject());
            best.addProperty("epoch", status.getBest().getEpoch());
            best.addProperty("k", status.getBest().getK());
            best.addProperty("accuracy", status.getBest().getAccuracy());
            json.add("best", best);
        }
        json.addProperty("sha256", status.getSha256());
        json.addProperty("folder", status.getFolder());
        json.addProperty("data", DataSource.shown(job.getDataset()));
        json.addProperty("student", lower(job.getStudent().getNetwork()).replace('_', '-'));
        json.add("teachers", teachers);
        json.addProperty("batch", job.getOptimization().getBatch());
        json.addProperty("microBatches", job.getOptimization().getMicroBatches());
        json.addProperty("precision", lower(job.getPrecision()));
        JsonArray helpers = new JsonArray();
        status.getHelpersList().forEach(one -> {
            JsonObject helper = new JsonObject();
            helper.addProperty("worker", one.getWorker());
            helper.addProperty("share", one.getShare());
            helpers.add(helper);
        });
        json.add("helpers", helpers);
        return json;
    }

    private static JsonObject worker(WorkerStatus worker) {
        JsonObject json = new JsonObject();
        json.addProperty("name", worker.getWorker());
        json.addProperty("device", worker.getDevice());
        json.addProperty("profile", worker.getProfile());
        json.addProperty("state", lower(worker.getState()));
        json.addProperty("job", worker.getJob());
        json.addProperty("since", worker.getSinceMs());
        json.addProperty("first", worker.getFirst());
        json.addProperty("count", worker.getCount());
        json.addProperty("helpsOnly", worker.getTeachers() != 0);
        json.addProperty("reason", worker.getReason());
        return json;
    }
}
