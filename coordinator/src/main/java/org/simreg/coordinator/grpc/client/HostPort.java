package org.simreg.coordinator.grpc.client;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.simreg.proto.UserError;

/**
 * A host and a port.
 *
 * @param host name or address, without brackets
 * @param port 1 to 65535
 */
public record HostPort(String host, int port) {
    /** Port of a coordinator unless another is chosen. */
    public static final int PORT = 7100;

    private static final Pattern FORM =
            Pattern.compile("(?:\\[([0-9a-fA-F:.]+(?:%[\\w.-]+)?)]|([^\\s:/\\[\\]]+))(?::(\\d{1,5}))?");

    /**
     * @param option that gave the text, for messages
     * @param text HOST, HOST:PORT or [IPv6]:PORT
     * @param usual port where the text has none
     * @throws UserError if it is none of these
     */
    public static HostPort parse(String option, String text, int usual) {
        Matcher parts = FORM.matcher(text.strip());
        if (!parts.matches()) {
            throw new UserError(option + ": '" + text + "' is no HOST:PORT; write it like localhost:" + usual);
        }
        int port = parts.group(3) == null ? usual : Integer.parseInt(parts.group(3));
        if (port < 1 || port > 65535) {
            String what = port + " is no port in '" + text + "'; choose 1 to 65535";
            throw new UserError(option + ": " + what);
        }
        return new HostPort(parts.group(1) == null ? parts.group(2) : parts.group(1), port);
    }

    @Override
    public String toString() {
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    }
}
