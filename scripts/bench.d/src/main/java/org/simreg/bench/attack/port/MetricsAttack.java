package org.simreg.bench.attack.port;

import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Requests for metrics by readers that don't read, with headers that don't end, and by thousands at once. */
final class MetricsAttack {
    private static final String REQUEST = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n";
    private static final int SLOW = 100;
    private static final int PIPELINED = 2000;
    private static final int MANY = 3000;
    private static final int HEADERS = 64 << 20;

    private MetricsAttack() {}

    /**
     * @param arguments HOST:PORT
     */
    public static void main(String[] arguments) throws Exception {
        Target target = Target.of(arguments);
        List<String> answers = new ArrayList<>();
        List<Socket> open = new ArrayList<>();
        for (int i = 0; i < SLOW; i++) {
            send(connect(target, open), (REQUEST + "\r\n").repeat(PIPELINED));
        }
        answers.add("beside readers that don't read: " + alive(target));
        answers.add("headers without end: " + headers(target));
        for (int i = 0; i < MANY; i++) {
            send(connect(target, open), REQUEST);
        }
        answers.add("beside thousands of connections: " + alive(target));
        for (Socket socket : open) {
            socket.close();
        }
        answers.add("afterwards: " + alive(target));
        Target.tell("metrics", SLOW + " slow readers, a header of 64 MiB, " + MANY + " connections", answers);
        if (!answers.get(answers.size() - 1).contains("200")) {
            System.exit(1);
        }
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

    private static String headers(Target target) {
        try (Socket socket = target.connect()) {
            socket.getOutputStream().write(REQUEST.getBytes(StandardCharsets.US_ASCII));
            byte[] header = ("X-More: " + "x".repeat(1000) + "\r\n").getBytes(StandardCharsets.US_ASCII);
            for (int sent = 0; sent < HEADERS; sent += header.length) {
                socket.getOutputStream().write(header);
            }
            return "all were taken";
        } catch (IOException e) {
            return "hung up";
        }
    }

    private static String alive(Target target) {
        try {
            String request = "GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
            return target.said(request.getBytes(StandardCharsets.US_ASCII))
                    .lines()
                    .findFirst()
                    .orElse("hung up");
        } catch (IOException e) {
            return "hung up";
        }
    }
}
