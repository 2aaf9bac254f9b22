package org.simreg.bench.attack.port;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The port that is attacked.
 *
 * @param host name or address
 */
record Target(String host, int port) {
    private static final int PATIENCE_MS = 60_000;

    /** Times that something is tried again, after a second each: others may have all connections in a storm of attacks. */
    private static final AtomicInteger AGAIN = new AtomicInteger(120);

    /** Address of the attacker, one of this machine's. */
    private static final String FROM = System.getProperty("attack.from", "127.0.0.1");

    /** Reads a command line that begins with HOST:PORT. */
    static Target of(String[] arguments) {
        int colon = arguments.length > 0 ? arguments[0].lastIndexOf(':') : -1;
        if (colon < 0) {
            throw new IllegalArgumentException("give HOST:PORT");
        }
        return new Target(arguments[0].substring(0, colon), Integer.parseInt(arguments[0].substring(colon + 1)));
    }

    Socket connect() throws IOException {
        Socket socket = new Socket(host, port, InetAddress.getByName(FROM), 0);
        socket.setSoTimeout(PATIENCE_MS);
        return socket;
    }

    /** Sends bytes and reads until the other side hangs up. */
    String said(byte[] sent) throws IOException {
        try (Socket socket = connect()) {
            socket.getOutputStream().write(sent);
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** Sends bytes and reads so many of those that come first. */
    String begun(byte[] sent, int length) throws IOException {
        try (Socket socket = connect()) {
            socket.getOutputStream().write(sent);
            return new String(socket.getInputStream().readNBytes(length), StandardCharsets.UTF_8);
        }
    }

    /**
     * The lines that are said to a request of HTTP, one or more.
     *
     * @param name the host that it names
     * @throws IOException if it is hung up on without a word
     */
    List<String> lines(String path, String name) throws IOException {
        String request = "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n".formatted(path, name);
        List<String> lines =
                said(request.getBytes(StandardCharsets.US_ASCII)).lines().toList();
        if (lines.isEmpty()) {
            throw new IOException("it hung up");
        }
        return lines;
    }

    /** The first line of what is said to a request for a path, under the page's own name. */
    String line(String path) throws IOException {
        return lines(path, "localhost").get(0);
    }

    /** How many of these the other side has open still; nothing that it sent may have been read. */
    static int open(Iterable<Socket> sockets) {
        int open = 0;
        for (Socket socket : sockets) {
            open += isOpen(socket) ? 1 : 0;
        }
        return open;
    }

    private static boolean isOpen(Socket socket) {
        try {
            socket.setSoTimeout(1);
            while (socket.getInputStream().read() >= 0) {
                // What it said before.
            }
            return false;
        } catch (SocketTimeoutException e) {
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** A try that may find no room, as others may have all connections. */
    interface Attempt {
        /**
         * What was answered.
         *
         * @throws IOException if the connection is refused or breaks
         * @throws IllegalStateException if nothing came
         */
        String answer() throws IOException;
    }

    /**
     * What is answered at last: where the connection is refused or breaks it is tried again, for two minutes in all attempts
     * together.
     */
    String insisted(Attempt attempt) throws InterruptedException {
        while (true) {
            try {
                return attempt.answer();
            } catch (IllegalStateException e) {
                return e.getMessage();
            } catch (SocketTimeoutException e) {
                return "nothing came in " + PATIENCE_MS / 1000 + " s";
            } catch (IOException | UncheckedIOException e) {
                if (AGAIN.getAndDecrement() <= 0) {
                    return "no connection: " + e.getMessage();
                }
                TimeUnit.SECONDS.sleep(1);
            }
        }
    }
}
