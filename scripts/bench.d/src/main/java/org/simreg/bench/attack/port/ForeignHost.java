package org.simreg.bench.attack.port;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Pattern;

/** Requests to the page under a name that is not its own, and one that never gets complete. */
final class ForeignHost {
    private static final String NAME = "evil.example";
    private static final Pattern REFUSED =
            Pattern.compile("HTTP/1\\.1 421 .* doesn't answer to the name '" + Pattern.quote(NAME) + "'.*");
    private static final Pattern NOTHING = Pattern.compile("");

    private ForeignHost() {}

    /**
     * Ends with 1 if something was answered but the refusal of the name.
     *
     * @param arguments HOST:PORT
     */
    public static void main(String[] arguments) throws Exception {
        Target target = Target.of(arguments);
        Verdict verdict = new Verdict("foreign host");
        for (String path : List.of("/", "/metrics", "/health/ready", "/api/overview")) {
            String answer = target.insisted(() -> {
                List<String> lines = target.lines(path, NAME);
                return lines.get(0) + " ... " + lines.get(lines.size() - 1);
            });
            verdict.expect(path + " under a foreign name", answer, REFUSED);
        }
        byte[] half = "GET /metrics HTTP/1.1\r\nHost: loc".getBytes(StandardCharsets.US_ASCII);
        verdict.expect("half a request", target.insisted(() -> target.said(half)), NOTHING);
        verdict.expectPage(target);
        verdict.tell("4 requests with Host: " + NAME + ", and half a request");
    }
}
