package org.simreg.worker.base.net;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.nio.channels.ServerSocketChannel;

/** The host that a server listens on. */
public final class ListenHost {
    private static final String EVERY = "::";
    private static final String EVERY_IPV4 = "0.0.0.0";

    private ListenHost() {}

    /**
     * The host to bind to, for one that was asked for: {@code ::} is every address of both families, and of IPv4 alone
     * where the machine has no IPv6.
     */
    public static String of(String asked) {
        return asked.equals(EVERY) && !hasIpv6() ? EVERY_IPV4 : asked;
    }

    private static boolean hasIpv6() {
        try (ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.INET6)) {
            return channel.isOpen();
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        }
    }
}
