package org.simreg.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.Random;

/**
 * Free ports below those that systems give to connections: while a process is down, nothing else
 * takes its port, and nobody who looks for it is connected to himself.
 */
public final class Ports {
    private static final int FIRST = 20_000;
    private static final int COUNT = 12_000;

    private int last = new Random().nextInt(COUNT);

    public int next() {
        for (int tried = 0; tried < COUNT; tried++) {
            last = (last + 1) % COUNT;
            if (free(FIRST + last)) {
                return FIRST + last;
            }
        }
        throw new IllegalStateException("no port is free from " + FIRST + " on");
    }

    private static boolean free(int port) {
        try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort() == port;
        } catch (IOException taken) {
            return false;
        }
    }
}
