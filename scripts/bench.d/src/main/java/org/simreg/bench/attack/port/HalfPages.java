package org.simreg.bench.attack.port;

import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** Requests to the page that never get complete, hundreds at a time, one without end and ways out of its folder. */
final class HalfPages {
    private static final int CONNECTIONS = 300;

    /** Those of k8s/base, after which a process is started again. */
    private static final int PROBES = 6;

    private static final int SECONDS_BETWEEN = 10;

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
        answers.add("afterwards " + live(target));
        Target.tell("half pages", CONNECTIONS + " half requests, and 6 whole ones", answers);
        if (!answers.get(answers.size() - 1).contains("200")) {
            System.exit(1);
        }
    }

    /** What the page says of its health; as a kubelet does, again where others have all its connections. */
    private static String live(Target target) {
        String said = answer(target, "/health/live");
        for (int probe = 1; probe < PROBES && !said.contains("200"); probe++) {
            LockSupport.parkNanos(SECONDS_BETWEEN * 1_000_000_000L);
            said = answer(target, "/health/live");
        }
        return said;
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
