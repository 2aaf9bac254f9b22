package org.simreg.coordinator.cli.job;

import java.io.PrintWriter;
import java.time.ZoneId;
import org.simreg.coordinator.cli.option.CoordinatorOptions;
import org.simreg.coordinator.cli.option.StopSignal;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.coordinator.grpc.client.JobEvents;
import org.simreg.coordinator.grpc.client.JobFinder;
import org.simreg.coordinator.view.console.EventSentences;
import org.simreg.proto.JobRequest;
import org.simreg.proto.JobStatus;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command {@code simreg logs}: prints every event of a job as a line. */
@Command(
        name = "logs",
        description = "Print every event of a job as a line with its time.",
        footer = {"", "Example:", "  simreg logs resnet18-photos | grep generation"})
public final class LogsCommand implements Runnable {
    private final StopSignal stop;
    private final EventSentences text = new EventSentences(ZoneId.systemDefault());

    @Spec
    private CommandSpec spec;

    @Mixin
    private CoordinatorOptions coordinator;

    @Parameters(paramLabel = "JOB", description = "Id or name of the job, or how one of them begins (required)")
    private String job;

    @Option(
            names = {"-f", "--follow"},
            description = "Go on until the job ends; Ctrl-C leaves it running (default: false)")
    private boolean follow;

    public LogsCommand(StopSignal stop) {
        this.stop = stop;
    }

    @Override
    public void run() {
        try (ApiClient client = coordinator.open()) {
            String id = JobFinder.find(client, job).getId();
            JobRequest named = JobRequest.newBuilder().setId(id).build();
            JobStatus status = client.ask(jobs -> jobs.get(named));
            long last = follow ? Long.MAX_VALUE : status.getNextSequence() - 1;
            if (last >= 0) {
                print(new JobEvents(client, id, 0), last);
            }
        }
    }

    private void print(JobEvents feed, long last) {
        stop.whenRequested("", feed::stop);
        PrintWriter out = spec.commandLine().getOut();
        feed.run(
                event -> {
                    out.println(text.line(event.getProgress()));
                    // A reader that has gone, such as head, needs no more.
                    if (event.getSequence() >= last || out.checkError()) {
                        feed.stop();
                    }
                },
                notice -> spec.commandLine().getErr().println("simreg: " + notice));
    }
}
