package org.simreg.coordinator.cli.job;

import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import org.simreg.coordinator.cli.option.GlobalOptions;
import org.simreg.coordinator.cli.option.StopSignal;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.coordinator.grpc.client.JobEvents;
import org.simreg.coordinator.node.EmbeddedNode;
import org.simreg.coordinator.run.folder.PastRun;
import org.simreg.coordinator.view.console.RunProgress;
import org.simreg.coordinator.view.console.RunSummary;
import org.simreg.proto.Job;
import org.simreg.proto.JobEvent;
import org.simreg.proto.JobRequest;
import org.simreg.proto.JobState;
import org.simreg.proto.JobStatus;
import org.simreg.proto.Printable;
import org.simreg.proto.SubmitRequest;
import org.simreg.proto.SubmitRequest.Existing;
import org.simreg.proto.UserError;
import org.simreg.worker.data.storage.WorkerSettings;

/** One run of {@code simreg distill}: a job submitted to a cluster of one, watched to its end. */
public final class EmbeddedRun {
    private static final int CANCELLED = 130;

    private final Settings settings;
    private final Job job;
    private final Path folder;
    private final StopSignal stop;
    private final AtomicBoolean begun = new AtomicBoolean();

    /**
     * The settings of a run on this machine.
     *
     * @param job completed: every default filled in, within all bounds
     * @param machine device and threads that it takes
     * @param resume continue from the run folder's newest checkpoint
     * @param overwrite replace what the run folder holds
     * @param quiet no progress, only warnings and the result
     */
    public record Settings(Job job, WorkerSettings machine, boolean resume, boolean overwrite, boolean quiet) {}

    public EmbeddedRun(Settings settings, StopSignal stop) {
        this.settings = settings;
        this.stop = stop;
        job = settings.job();
        folder = Path.of(job.getCheckpoints().getOutput());
    }

    /**
     * Runs the job to its end.
     *
     * @return exit code
     * @throws UserError if data, weights or run folder can't be used
     */
    public int run() {
        JobStatus end;
        try (EmbeddedNode node = new EmbeddedNode(GlobalOptions.Version.number())) {
            JobStatus submitted = node.client().ask(jobs -> jobs.submit(submission()));
            stop.whenRequested(() -> cancel(node.client(), submitted.getId()));
            node.work(settings.machine());
            end = watch(node.client(), submitted.getId());
        }
        return finish(end);
    }

    private SubmitRequest submission() {
        Existing existing = settings.overwrite() ? Existing.OVERWRITE : Existing.REFUSE;
        return SubmitRequest.newBuilder()
                .setJob(job)
                .setExisting(settings.resume() ? Existing.RESUME : existing)
                .build();
    }

    /** On the thread of the signal to stop; a job that has just ended can't be cancelled. */
    private static void cancel(ApiClient client, String id) {
        try {
            client.ask(jobs -> jobs.cancel(JobRequest.newBuilder().setId(id).build()));
        } catch (UserError e) {
            System.err.println(e.getMessage());
        }
    }

    private JobStatus watch(ApiClient client, String id) {
        try (RunProgress console = RunProgress.console(settings.quiet())) {
            long from = settings.resume() ? current(client, id).getNextSequence() : 0;
            new JobEvents(client, id, from).run(event -> show(event, console), notice -> {});
        }
        return current(client, id);
    }

    private static JobStatus current(ApiClient client, String id) {
        return client.ask(jobs -> jobs.get(JobRequest.newBuilder().setId(id).build()));
    }

    private void show(JobEvent event, RunProgress console) {
        if (event.getProgress().hasStarted()) {
            begun.set(true);
        }
        console.accept(event.getProgress());
    }

    private int finish(JobStatus end) {
        if (end.getState() == JobState.SUCCEEDED) {
            System.out.print(Printable.lines(RunSummary.text(folder)));
            return 0;
        }
        if (end.getState() == JobState.CANCELLED && !settings.resume() && end.getStep() == 0) {
            PastRun.remove(folder);
            System.out.println("Stopped before the first step; nothing was kept");
            return CANCELLED;
        }
        if (end.getState() == JobState.CANCELLED) {
            System.out.println("Stopped; continue with --resume --out " + folder);
            return CANCELLED;
        }
        // A run that is refused before it begins leaves no folder that stands in the way.
        if (!begun.get() && !settings.resume()) {
            PastRun.remove(folder);
        }
        throw new UserError(end.getReason());
    }
}
