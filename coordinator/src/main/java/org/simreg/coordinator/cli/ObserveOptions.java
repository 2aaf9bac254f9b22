package org.simreg.coordinator.cli;

import java.util.Optional;
import org.simreg.coordinator.client.Target;
import org.simreg.proto.UserError;
import picocli.CommandLine.Option;

/** What a lasting process shows of itself. */
final class ObserveOptions {
    /** Port of HTTP where none is named. */
    static final int PORT = 8080;

    @Option(
            names = "--http",
            paramLabel = "HOST:PORT",
            description =
                    "Serve HTTP there: /metrics, /health/live, ready and started, and on the"
                            + " coordinator a page; a port left out is 8080, and there is no"
                            + " password (default: none)")
    private String http;

    @Option(
            names = "--log",
            paramLabel = "FORMAT",
            defaultValue = "text",
            description =
                    "What log lines are: text, warnings only; or json, an object a line with job,"
                            + " generation, step and worker (default: text)")
    private String log;

    /**
     * @throws UserError if an option is wrong
     */
    Observing asked() {
        if (!log.equals("text") && !log.equals("json")) {
            throw new UserError("--log: '" + log + "' is no format; choose text or json");
        }
        return new Observing(
                Optional.ofNullable(http).map(text -> Target.parse("--http", text, PORT)),
                log.equals("json"));
    }
}
