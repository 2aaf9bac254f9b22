package org.simreg.coordinator.cli.job;

import java.io.PrintWriter;
import java.util.Iterator;
import java.util.Optional;
import org.simreg.coordinator.cli.option.StopSignal;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.coordinator.grpc.client.JobEvents;
import org.simreg.coordinator.view.console.JobTables;
import org.simreg.coordinator.view.console.RunProgress;
import org.simreg.proto.JobEvent;
import org.simreg.proto.JobRequest;
import org.simreg.proto.JobStatus;
import org.simreg.proto.Progress;
import org.simreg.proto.UserError;
import org.simreg.proto.WatchRequest;

/**
 * The display of a coordinator's job on the terminal, as {@code distill} shows its own. The job
 * doesn't depend on being watched.
 *
 * @param stop ends the display, not the job
 * @param quiet whether only the end is shown
 */
record JobDisplay(ApiClient client, StopSignal stop, PrintWriter out, boolean quiet) {
    private static final int STOPPED = 130;

    /** Most events that are searched for the job's start, which comes early or not at all. */
    private static final int EARLY = 1000;

    /**
     * Shows the job until it has ended or the user wants to stop.
     *
     * @param from first sequence number shown
     * @return exit code
     * @throws UserError if the job fails
     */
    int show(String id, long from) {
        JobEvents feed = new JobEvents(client, id, from);
        stop.whenRequested("", feed::stop);
        try (RunProgress console = RunProgress.console(quiet)) {
            if (from > 0) {
                showStart(id, from, console);
            }
            feed.run(event -> console.accept(event.getProgress()), notice -> console.accept(note(notice)));
        }
        if (stop.requested()) {
            out.println("The job goes on; see it again with: simreg watch " + id);
            out.flush();
            return STOPPED;
        }
        return end(client.ask(jobs -> jobs.get(JobRequest.newBuilder().setId(id).build())));
    }

    /** Shows the job's start, without whose figures there is no bar. */
    private void showStart(String id, long from, RunProgress console) {
        WatchRequest all = WatchRequest.newBuilder().setId(id).build();
        long most = Math.min(from, EARLY);
        try {
            client.ask(jobs -> started(jobs.watch(all), most)).ifPresent(console::accept);
        } catch (UserError e) {
            console.accept(note("the job's beginning can't be shown: " + e.getMessage()));
        }
    }

    private static Optional<Progress> started(Iterator<JobEvent> past, long most) {
        for (long i = 0; i < most && past.hasNext(); i++) {
            Progress event = past.next().getProgress();
            if (event.hasStarted()) {
                return Optional.of(event);
            }
        }
        return Optional.empty();
    }

    private static Progress note(String text) {
        Progress.Builder event = Progress.newBuilder().setTimeMs(System.currentTimeMillis());
        event.getNoticeBuilder().setText(text);
        return event.build();
    }

    private int end(JobStatus job) {
        switch (job.getState()) {
            case SUCCEEDED -> {
                out.println(JobTables.state(job));
                out.println("student and report are in " + job.getFolder());
                out.println("sha256 " + job.getSha256());
                out.flush();
                return 0;
            }
            case FAILED, CANCELLED -> throw new UserError("The job " + JobTables.state(job));
            default -> throw new UserError("The watch ended, but " + JobTables.state(job));
        }
    }
}
