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
 * Display of a coordinator's job, as {@code distill} shows its own. The job doesn't depend on being
 * watched.
 *
 * @param quiet whether only the end is told
 */
record JobDisplay(ApiClient client, StopSignal stop, PrintWriter out, boolean quiet) {
    private static final int STOPPED = 130;

    /** A job tells what it consists of early, or its first worker never came. */
    private static final int PREFACE = 1000;

    /**
     * Until the job has ended or the user wants to stop.
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
                preface(id, from, console);
            }
            feed.run(
                    event -> console.accept(event.getProgress()),
                    notice -> console.accept(note(notice)));
        }
        if (stop.requested()) {
            out.println("The job goes on; see it again with: simreg watch " + id);
            out.flush();
            return STOPPED;
        }
        return end(client.ask(jobs -> jobs.get(JobRequest.newBuilder().setId(id).build())));
    }

    /** Without what the job consists of there is no bar. */
    private void preface(String id, long from, RunProgress console) {
        WatchRequest all = WatchRequest.newBuilder().setId(id).build();
        long most = Math.min(from, PREFACE);
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
