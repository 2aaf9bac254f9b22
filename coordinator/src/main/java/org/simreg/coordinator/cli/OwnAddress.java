package org.simreg.coordinator.cli;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import org.simreg.coordinator.client.Target;
import org.simreg.proto.UserError;

/** Which of this machine's addresses others see. */
final class OwnAddress {
    private OwnAddress() {}

    /**
     * The address that packets to a target leave from; none is sent.
     *
     * @throws UserError if the target's name is unknown or no way leads there
     */
    static String towards(Target target) {
        InetSocketAddress there = new InetSocketAddress(target.host(), target.port());
        if (there.isUnresolved()) {
            String way = " is known to no name server; name another with --coordinator";
            throw new UserError("The coordinator's host " + target.host() + way);
        }
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.connect(there);
            return socket.getLocalAddress().getHostAddress();
        } catch (IOException e) {
            String way = "; name this machine's address with --host";
            throw new UserError("No way leads to " + target + ": " + e.getMessage() + way, e);
        }
    }
}
