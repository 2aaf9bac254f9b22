package org.simreg.bench.attack.port;

import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** Requests for metrics by readers that don't read, with headers that don't end, and by thousands at once. */
final class MetricsAttack {
    private static final String REQUEST = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n";
    private static final int SLOW = 100;
    private static final int PIPELINED = 2000;
    private static final int MANY = 3000;
    private static final int HEADERS = 64 << 20;
    private static final Pattern HUNG_UP = Pattern.compile("hung up");

    private MetricsAttack() {}

    /**
     * Ends with 1 if a header without end is taken, or more connections are than may be.
     *
     * @param arguments HOST:PORT, and the most connections that it lets an address have
     */
    public static void main(String[] arguments) throws Exception {
        Target target = Target.of(arguments);
        int most = Integer.parseInt(arguments[1]);
        Verdict verdict = new Verdict("metrics");
        // First, as the others take the connections of this address.
        verdict.expect("headers without end", target.insisted(() -> headers(target)), HUNG_UP);
        List<Socket> open = new ArrayList<>();
        for (int i = 0; i < SLOW; i++) {
            send(connect(target, open), (REQUEST + "\r\n").repeat(PIPELINED));
        }
        verdict.note("beside readers that don't read: " + alive(target));
        List<Socket> many = new ArrayList<>();
        for (int i = 0; i < MANY; i++) {
            send(connect(target, many), REQUEST);
        }
        int kept = Target.open(many);
        verdict.note(kept + " of thousands open at the end");
        verdict.check(kept <= most, kept + " connections of one address were kept open; " + most + " are the most");
        verdict.note("beside thousands of connections: " + alive(target));
        open.addAll(many);
        for (Socket socket : open) {
            socket.close();
        }
        verdict.expectPage(target);
        verdict.tell(SLOW + " slow readers, a header of 64 MiB, " + MANY + " connections");
    }

    private static Socket connect(Target target, List<Socket> open) {
        Socket socket = new Socket();
        try {
            socket = target.connect();
        } catch (IOException refused) {
            // One too many.
        }
        open.add(socket);
        return socket;
    }

    /** As much as the other side takes at once; a thread of its own would wait for the rest. */
    private static void send(Socket socket, String text) {
        Thread sender = new Thread(
                () -> {
                    try {
                        socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
                    } catch (IOException closed) {
                        // It was closed, or never open.
                    }
                },
                "sender");
        sender.setDaemon(true);
        sender.start();
        try {
            sender.join(text.length() > REQUEST.length() ? 100 : 10);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The server reads a few kilobytes of them, and hangs up. */
    private static String headers(Target target) throws IOException {
        byte[] header = ("X-More: " + "x".repeat(1000) + "\r\n").getBytes(StandardCharsets.US_ASCII);
        try (Socket socket = target.connect()) {
            socket.getOutputStream().write(REQUEST.getBytes(StandardCharsets.US_ASCII));
            try {
                for (int sent = 0; sent < HEADERS; sent += header.length) {
                    socket.getOutputStream().write(header);
                }
                return "all were taken";
            } catch (IOException e) {
                return "hung up";
            }
        }
    }

    private static String alive(Target target) {
        try {
            return target.line("/health/live");
        } catch (IOException e) {
            return "hung up";
        }
    }
}
