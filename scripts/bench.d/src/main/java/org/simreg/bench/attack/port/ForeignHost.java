package org.simreg.bench.attack.port;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Requests to the page under a name that is not its own, and one that never gets complete. */
final class ForeignHost {
    private ForeignHost() {}

    /**
     * @param arguments HOST:PORT
     */
    public static void main(String[] arguments) throws Exception {
        Target target = Target.of(arguments);
        List<String> answers = new ArrayList<>();
        for (String path : List.of("/", "/metrics", "/health/ready", "/api/overview")) {
            String request = "GET " + path + " HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
            String said = target.saidAtLast(request.getBytes(StandardCharsets.US_ASCII));
            answers.add(said.lines().findFirst().orElse("nothing") + " ... "
                    + said.lines().reduce((first, last) -> last).orElse("nothing"));
        }
        String slow = target.saidAtLast("GET /metrics HTTP/1.1\r\nHost: loc".getBytes(StandardCharsets.US_ASCII));
        answers.add(slow.isEmpty() ? "hung up" : slow);
        Target.tell("foreign host", "4 requests with Host: evil.example, and half a request", answers);
    }
}
