package org.simreg.coordinator.cli.node;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import org.simreg.coordinator.grpc.access.Rights;
import org.simreg.coordinator.grpc.access.TokenFile;
import org.simreg.proto.UserError;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command {@code simreg token}: makes a token, and the line for the coordinator's file. */
@Command(
        name = "token",
        description = "Make a token: the first line printed is for its bearer (--token-file or"
                + " SIMREG_TOKEN), the second for the coordinator's --tokens file, from"
                + " which the token can't be found.",
        footer = {
            "",
            "Roles: read looks at jobs and workers; submit queues jobs too; operate cancels, pauses"
                    + " and resumes too; worker attends as a worker, and nothing else.",
            "",
            "Example:",
            "  simreg token submit alice | { head -1 > alice.token; tail -1 >> tokens; }"
        })
public final class TokenCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "ROLE", description = "${COMPLETION-CANDIDATES}")
    private Rights.Role role;

    @Parameters(
            index = "1",
            paramLabel = "NAME",
            description = "Whose it is: letters, digits and . _ @ -, for messages")
    private String name;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        try {
            TokenFile.NewToken made = TokenFile.NewToken.of(role, name);
            out.println(made.token());
            out.println(made.line());
            out.flush();
            return 0;
        } catch (UserError e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
    }
}
