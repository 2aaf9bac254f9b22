package org.simreg.coordinator.cli.option;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.coordinator.node.EmbeddedNode;
import org.simreg.proto.UserError;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Options for the place of banks: at a coordinator, or in a folder that this process serves. */
public final class BankOptions {
    private static final int LONGEST = 3600;

    @Mixin
    private CoordinatorOptions coordinator;

    @Option(
            names = "--banks",
            paramLabel = "DIR",
            description = "Ask no coordinator but use the banks of this folder, in this process; made if"
                    + " absent (default: none, a coordinator is asked)")
    private Path banks;

    @Option(
            names = "--timeout",
            paramLabel = "N",
            defaultValue = "60",
            description = "How long an answer may take, 1 to 3600 seconds (default: 60)")
    private int timeout;

    @Mixin
    private MachineOptions machine;

    /**
     * Connects, or begins to serve.
     *
     * @param works whether workers are needed for what is asked
     * @throws UserError if an option is wrong or the folder can't be used
     */
    public Access open(boolean works) {
        if (timeout < 1 || timeout > LONGEST) {
            String what = timeout + " is out of bounds; choose 1 to " + LONGEST + " seconds";
            throw new UserError("--timeout: " + what);
        }
        Duration patience = Duration.ofSeconds(timeout);
        if (banks == null) {
            ApiClient client = coordinator.open();
            return new Access(client, client::close, patience);
        }
        EmbeddedNode node = new EmbeddedNode(GlobalOptions.Version.number(), Optional.of(banks.toAbsolutePath()));
        if (works) {
            node.work(machine.settings());
        }
        return new Access(node.client(), node::close, patience);
    }

    /** A connection to the server of banks, until it is closed. */
    public record Access(ApiClient client, Runnable end, Duration patience) implements AutoCloseable {
        @Override
        public void close() {
            end.run();
        }
    }
}
