package org.simreg.bench.attack.port;

import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Requests to the page that never get complete, hundreds at a time, one without end and ways out of its folder. */
final class HalfPages {
    private static final int CONNECTIONS = 300;

    private HalfPages() {}

    /**
     * @param arguments HOST:PORT
     */
    public static void main(String[] arguments) throws Exception {
        Target target = Target.of(arguments);
        List<Socket> open = new ArrayList<>();
        for (int i = 0; i < CONNECTIONS; i++) {
            Socket socket = target.connect();
            open.add(socket);
            try {
                socket.getOutputStream()
                        .write("GET /metrics HTTP/1.1\r\nHost: loc".getBytes(StandardCharsets.US_ASCII));
            } catch (IOException refused) {
                // One too many: it was closed at once.
            }
        }
        List<String> answers = new ArrayList<>();
        for (String path : List.of(
                "/" + "a".repeat(1 << 20),
                "/../../../../etc/passwd",
                "/%2e%2e/%2e%2e/etc/passwd",
                "/api/banks/..%2f..%2f/pictures/0",
                "/health/live")) {
            answers.add(answer(target, path));
        }
        for (Socket socket : open) {
            socket.close();
        }
        answers.add("afterwards " + answer(target, "/health/live"));
        Target.tell("half pages", CONNECTIONS + " half requests, and 6 whole ones", answers);
        if (!answers.get(answers.size() - 1).contains("200")) {
            System.exit(1);
        }
    }

    private static String answer(Target target, String path) {
        String request = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        try {
            return target.said(request.getBytes(StandardCharsets.US_ASCII))
                    .lines()
                    .findFirst()
                    .orElse("hung up");
        } catch (IOException e) {
            return "hung up";
        }
    }
}
