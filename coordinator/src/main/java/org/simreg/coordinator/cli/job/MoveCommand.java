package org.simreg.coordinator.cli.job;

import java.util.Locale;
import org.simreg.coordinator.cli.option.CoordinatorOptions;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.coordinator.grpc.client.JobFinder;
import org.simreg.coordinator.view.console.JobTables;
import org.simreg.proto.JobRequest;
import org.simreg.proto.JobState;
import org.simreg.proto.JobStatus;
import org.simreg.proto.JobsGrpc.JobsBlockingStub;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * The commands {@code simreg cancel}, {@code pause} and {@code resume}: move a job to another
 * state.
 */
@Command
public final class MoveCommand implements Runnable {
    private final Move move;

    @Spec
    private CommandSpec spec;

    @Mixin
    private CoordinatorOptions coordinator;

    @Parameters(paramLabel = "JOB", description = "Id or name of the job, or how one of them begins (required)")
    private String job;

    /** A change of a job's state that a client asks for, and its help text. */
    public enum Move {
        CANCEL("cancel", JobState.CANCELLED, "End a job after its current step, with a checkpoint."),
        PAUSE("pause", JobState.PAUSED, "Stop a job after its current step, with a checkpoint; free its workers."),
        RESUME("resume", JobState.QUEUED, "Queue a job again that was paused or cancelled, or has failed.");

        private final String command;
        private final JobState target;
        private final String help;

        Move(String command, JobState target, String help) {
            this.command = command;
            this.target = target;
            this.help = help;
        }

        private JobStatus ask(JobsBlockingStub jobs, JobRequest request) {
            return switch (this) {
                case CANCEL -> jobs.cancel(request);
                case PAUSE -> jobs.pause(request);
                case RESUME -> jobs.resume(request);
            };
        }
    }

    private MoveCommand(Move move) {
        this.move = move;
    }

    /** The subcommand for a move. */
    public static CommandLine of(Move move) {
        CommandLine command = new CommandLine(new MoveCommand(move));
        command.setCommandName(move.command);
        command.getCommandSpec().usageMessage().description(move.help);
        return command;
    }

    /** A note for a job that trains: it moves at the end of a step. */
    private String later(JobStatus moved) {
        boolean waits = move != Move.RESUME && moved.getState() != move.target;
        return waits ? "; it will be " + move.target.name().toLowerCase(Locale.ROOT) + " after its step" : "";
    }

    @Override
    public void run() {
        try (ApiClient client = coordinator.open()) {
            String id = JobFinder.find(client, job).getId();
            JobRequest request = JobRequest.newBuilder().setId(id).build();
            JobStatus moved = client.ask(jobs -> move.ask(jobs, request));
            spec.commandLine().getOut().println(JobTables.state(moved) + later(moved));
        }
    }
}
