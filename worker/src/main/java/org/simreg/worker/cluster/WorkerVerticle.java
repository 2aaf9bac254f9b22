package org.simreg.worker.cluster;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.buffer.Buffer;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.simreg.proto.Job;
import org.simreg.proto.Progress;
import org.simreg.worker.distill.JobRun;
import org.simreg.worker.distill.WorkerSettings;

/**
 * Runs a job on a thread of its own, because a step is seconds of native code, and publishes its
 * progress on the event bus. Undeploying it cancels the job and waits for the end of the step.
 */
public final class WorkerVerticle extends VerticleBase {
    private final Assignment assignment;
    private final Promise<Boolean> ended = Promise.promise();
    private final JobRun run;

    /**
     * What to do.
     *
     * @param job completed
     * @param folder of the run
     * @param resume whether to continue after the newest checkpoint
     */
    public record Assignment(Job job, WorkerSettings settings, Path folder, boolean resume) {}

    public WorkerVerticle(Assignment assignment) {
        this.assignment = assignment;
        Consumer<Progress> publish = event -> publish(Buffer.buffer(event.toByteArray()));
        run = new JobRun(assignment.job, assignment.settings, assignment.folder, publish);
    }

    /**
     * Address on the event bus of a job's events, {@link Progress} as bytes, in order; an empty
     * message ends them.
     */
    public static String progressAddress(String jobName) {
        return "simreg.progress." + jobName;
    }

    /** Ends when the job does: true if it went to its end, false if it was cancelled. */
    public Future<Boolean> ended() {
        return ended.future();
    }

    @Override
    public Future<?> start() {
        Thread thread = new Thread(this::work, "simreg-step");
        thread.setDaemon(true);
        thread.start();
        return Future.succeededFuture();
    }

    private void publish(Buffer message) {
        vertx.eventBus().publish(progressAddress(assignment.job.getName()), message);
    }

    /** Ends the job after its current step with a checkpoint; any thread may ask. */
    public void cancel() {
        run.cancel();
    }

    private void work() {
        boolean whole;
        try (JobRun open = run) {
            whole = open.run(assignment.resume);
        } catch (Throwable e) {
            publish(Buffer.buffer());
            ended.fail(e);
            return;
        }
        publish(Buffer.buffer());
        ended.complete(whole);
    }

    @Override
    public Future<?> stop() {
        run.cancel();
        return ended.future().otherwiseEmpty();
    }
}
