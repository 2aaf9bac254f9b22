package org.simreg.coordinator.cli.option;

import java.time.Duration;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.coordinator.grpc.client.HostPort;
import org.simreg.proto.UserError;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Options for the coordinator that a command asks: address, waiting, credentials. */
public final class CoordinatorOptions {
    private static final int LONGEST_WAIT = 86_400;

    @Option(
            names = "--coordinator",
            paramLabel = "HOST:PORT",
            defaultValue = "${env:SIMREG_COORDINATOR:-localhost:7100}",
            description = "Where the coordinator listens (default: the environment's SIMREG_COORDINATOR,"
                    + " else localhost:7100)")
    private String coordinator;

    @Option(
            names = "--wait",
            paramLabel = "N",
            defaultValue = "0",
            description =
                    "How long to wait for a coordinator that isn't there yet, 0 to 86400 seconds" + " (default: 0)")
    private int wait;

    @Mixin
    private SecurityOptions.ClientSecurity security;

    /**
     * Opens a connection.
     *
     * @throws UserError if an option is wrong; nobody is asked yet
     */
    public ApiClient open() {
        if (wait < 0 || wait > LONGEST_WAIT) {
            String what = wait + " is out of bounds; choose 0 to " + LONGEST_WAIT + " seconds";
            throw new UserError("--wait: " + what);
        }
        HostPort target = HostPort.parse("--coordinator", coordinator, HostPort.PORT);
        return ApiClient.open(target, Duration.ofSeconds(wait), security.read());
    }
}
